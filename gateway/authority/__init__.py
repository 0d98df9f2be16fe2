"""Messages to authorities: CAP documents, posted to an address or put into a folder."""
