"""Pages of both packages: templates, scripts and styles; `pi/` those of pi_service, beside it what all pages share."""
