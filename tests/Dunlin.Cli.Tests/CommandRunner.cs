namespace Dunlin.Cli.Tests;

/// <summary>Runs the command within this process, in a directory of its own.</summary>
internal sealed class CommandRunner : IDisposable
{
    /// <summary>The folder of the documentation.</summary>
    public static string Repository { get; } = FindRepository();

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("dunlin-").FullName;

    /// <summary>The environment that the command sees, and nothing of the tests' own.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public string Out { get; private set; } = "";

    public string Error { get; private set; } = "";

    public CliHost Host(TextWriter output, TextWriter error) => new() { Out = output, Error = error, Environment = Environment, Directory = Directory };

    /// <summary>Runs it and keeps what it prints.</summary>
    /// <returns>The exit code.</returns>
    public int Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = DunlinCommand.Run(arguments, Host(output, error));
        (Out, Error) = (output.ToString(), error.ToString());
        return code;
    }

    /// <summary>Runs it and expects success.</summary>
    /// <returns>What it printed on stdout.</returns>
    public string Succeed(params string[] arguments)
    {
        var code = Run(arguments);
        Assert.True(code == 0, $"dunlin {string.Join(' ', arguments)} gave {code}: {Error}");
        return Out;
    }

    /// <summary>Runs it and expects failure.</summary>
    /// <returns>What it printed on stderr.</returns>
    public string Fail(int code, params string[] arguments)
    {
        Assert.Equal(code, Run(arguments));
        return Error;
    }

    public string Write(string name, string text)
    {
        var path = Path.Combine(Directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    private static string FindRepository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Dunlin.slnx"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("No folder above the tests holds Dunlin.slnx.");
        return folder;
    }
}
