using System.Text.RegularExpressions;
using Dunlin.Cli.Configuration;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>The programs that start MPI's ranks differ in their options.</summary>
internal enum MpiFamily
{
    /// <summary>Open MPI up to 4.1: mpirun is part of it (ORTE).</summary>
    OpenMpi4,
    /// <summary>Open MPI from 5.0 on: mpirun is PRRTE's prterun.</summary>
    OpenMpi5,
    /// <summary>MPICH's mpiexec.hydra.</summary>
    Mpich,
}

/// <summary>The program that starts the ranks.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Family">Whose it is.</param>
/// <param name="Version">Such as 4.1.4.</param>
internal sealed partial record MpiLauncher(string Path, MpiFamily Family, string Version)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A person's name for it.</summary>
    public string Name => $"{(Family == MpiFamily.Mpich ? "MPICH" : "Open MPI")} {Version}";

    /// <summary>Finds it: the program given, else <c>mpirun</c>, else <c>mpiexec</c>.</summary>
    /// <exception cref="ConfigurationException">There is none, or it is of an unknown kind.</exception>
    public static MpiLauncher Find(CliHost host, string? given)
    {
        if (given is not null)
            return Identify(host, Programs.Find(host, given) ?? throw new ConfigurationException($"--mpirun {given}: there is no such program."));
        var path = Programs.Find(host, "mpirun") ?? Programs.Find(host, "mpiexec")
            ?? throw new ConfigurationException("dunlin launch starts ranks by MPI, and neither mpirun nor mpiexec is in PATH: apt-get install openmpi-bin (or mpich), or say --mpirun FILE.");
        return Identify(host, path);
    }

    /// <summary>Reads what the program says of its version.</summary>
    /// <returns>Null where it is of no known kind.</returns>
    public static (MpiFamily Family, string Version)? Read(string text)
    {
        if (OpenMpi().Match(text) is { Success: true } open)
            return (int.Parse(open.Groups[1].Value) >= 5 ? MpiFamily.OpenMpi5 : MpiFamily.OpenMpi4, open.Groups[0].Value[(open.Groups[0].Value.LastIndexOf(' ') + 1)..]);
        return text.Contains("HYDRA", StringComparison.Ordinal) ? (MpiFamily.Mpich, Hydra().Match(text) is { Success: true } hydra ? hydra.Groups[1].Value : "of unknown version") : null;
    }

    private static MpiLauncher Identify(CliHost host, string path)
    {
        var (code, output, _) = Programs.Run(host, [path, "--version"], Patience);
        if (code is null) throw new ConfigurationException($"{path} --version gave no answer within {Patience.TotalSeconds:0} s.");
        return Read(output) is var (family, version)
            ? new(path, family, version)
            : throw new ConfigurationException($"{path} is the launcher of neither Open MPI nor MPICH: it says \"{output.Trim().Split('\n')[0]}\" of its version. Say --mpirun FILE.");
    }

    [GeneratedRegex(@"\(Open MPI\) (\d+)\.[\w.]+")]
    private static partial Regex OpenMpi();

    [GeneratedRegex(@"Version:\s+(\S+)")]
    private static partial Regex Hydra();
}
