"""Who is asking: keys, JSON Web Tokens, and where a request carries one."""
