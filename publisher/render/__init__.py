"""How things look: the templates, and the only room that knows Jinja2 and premailer."""
