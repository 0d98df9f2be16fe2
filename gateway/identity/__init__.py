"""Who may use the gateway: users, sessions, API tokens and the access log, in a database of their own."""
