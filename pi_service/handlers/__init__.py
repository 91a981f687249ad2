"""The service over HTTP: pages, JSON API, websocket feed; `routes` puts them together."""
