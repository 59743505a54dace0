namespace Dunlin.Cli.Configuration;

/// <summary>The configuration can't be used: its message names the source, the key and what was expected. The command exits with 2.</summary>
internal sealed class ConfigurationException(string message, Exception? inner = null) : DunlinException(message, inner);
