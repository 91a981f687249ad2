-- What the function's user may do: read and write turns, and make nothing.
GRANT USAGE ON SCHEMA tornado_alice TO alice;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tornado_alice TO alice;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA tornado_alice TO alice;
