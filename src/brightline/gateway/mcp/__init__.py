"""MCP servers behind the gateway: `/mcp/NAME` for each `[mcp.NAME]` of the settings (docs/reference/mcp.md).

The one door to the `mcp` SDK, which speaks the protocol on both sides. It and what it brings are loaded only where the
settings name a server.
"""
