using System.CommandLine;
using System.CommandLine.Parsing;
using Dunlin.Cli.Configuration;

namespace Dunlin.Cli;

/// <summary>What is wrong with a command line, in our words where the library knows no near name.</summary>
internal static class UsageErrors
{
    /// <summary>A message for each error.</summary>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        // What follows an unknown name means nothing.
        if (command is RootCommand && parsed.UnmatchedTokens is [var name, ..] && !IsOption(name))
            return [$"there is no command \"{name}\"; {Nearest.Hint(name, command.Subcommands.Select(c => c.Name))}"];
        string[] unknown = [.. UnknownOptions(parsed)];
        if (unknown.Length == 0) return [.. parsed.Errors.Select(error => error.Message)];
        string[] known = [.. OptionsOf(parsed).Where(o => !o.Hidden).Select(o => o.Name)];
        return [.. unknown.Select(option => $"{(command is RootCommand ? "there is" : $"{command.Name} has")} no option \"{option}\"; {Nearest.Hint(option, known)}")];
    }

    /// <summary>The options that the command does not have: the library takes them for arguments.</summary>
    public static IEnumerable<string> UnknownOptions(ParseResult parsed)
    {
        var known = OptionsOf(parsed).SelectMany(option => option.Aliases.Append(option.Name)).ToHashSet();
        return parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)
            .Where(token => token.Type == TokenType.Argument && IsOption(token.Value)).Select(token => token.Value.Split('=')[0]).Where(name => !known.Contains(name));
    }

    private static bool IsOption(string token) => token.Length > 2 && token.StartsWith("--", StringComparison.Ordinal);

    /// <summary>The options of a command and of those around it.</summary>
    private static IEnumerable<Option> OptionsOf(ParseResult parsed)
    {
        for (SymbolResult? at = parsed.CommandResult; at is not null; at = at.Parent)
            if (at is CommandResult { Command: var command })
                foreach (var option in command.Options.Where(o => command == parsed.CommandResult.Command || o.Recursive)) yield return option;
    }
}
