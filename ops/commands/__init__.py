"""The subcommands of ``livecomments``, one file a command or group."""
