"""Commands and queries of operators and tenants: resend, cancel, look up; retention."""
