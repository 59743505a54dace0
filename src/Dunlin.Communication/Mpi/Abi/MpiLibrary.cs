using System.Runtime.InteropServices;
using System.Text;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Finds the machine's MPI and says which binary interface it has.</summary>
internal static unsafe class MpiLibrary
{
    private static readonly string[] OpenMpiFiles = ["libmpi.so.40", "libmpi.so"];
    private static readonly string[] MpichFiles = ["libmpich.so.12", "libmpi.so.12", "libmpich.so"];

    private static nint _chosen;

    static MpiLibrary() => NativeLibrary.SetDllImportResolver(typeof(MpiNative).Assembly, (name, _, _) => name == MpiNative.Library ? _chosen : 0);

    /// <summary>Loads the library of the launcher's own family where that is known, else the first that is there. It stays for the life of the process.</summary>
    /// <param name="family">Who started the process.</param>
    /// <param name="environment">All variables: DUNLIN_MPI may name the file.</param>
    /// <exception cref="CommunicationException">There is no MPI here, or a file that is none.</exception>
    public static MpiConstants Load(LaunchFamily? family, IReadOnlyDictionary<string, string> environment)
    {
        // UCX, beneath some builds of MPI, would take .NET's handler for SIGSEGV away: a null reference would then end the process. .NET's own SetEnvironmentVariable
        // does not reach C code.
        if (OperatingSystem.IsLinux()) _ = MpiNative.setenv("UCX_HANDLE_ERRORS", "none", 0);
        var own = environment.TryGetValue("DUNLIN_MPI", out var file) && file.Length > 0;
        string[] files = own ? [file!] : Files(family, environment);
        foreach (var name in files)
        {
            if (!NativeLibrary.TryLoad(name, out var handle)) continue;
            if (!NativeLibrary.TryGetExport(handle, "MPI_Init_thread", out _)) throw new CommunicationException($"{name} is not an MPI library: it has no MPI_Init_thread.");
            _chosen = handle;
            return NativeLibrary.TryGetExport(handle, OpenMpiConstants.Mark, out _) ? OpenMpiConstants.Of(handle) : MpichConstants.Value;
        }
        throw new CommunicationException(own
            ? $"DUNLIN_MPI={file}: there is no such library."
            : $"No MPI library is installed (looked for {string.Join(", ", files)}). Install one, such as Debian's openmpi-bin, or say where it is by DUNLIN_MPI.");
    }

    /// <summary>What the library says of itself, one line.</summary>
    public static string Version()
    {
        var text = stackalloc byte[8192];
        return MpiNative.MPI_Get_library_version(text, out var length) == 0 ? Encoding.UTF8.GetString(text, length).Split('\n', ',')[0].Trim().TrimEnd('\0') : "an unknown version";
    }

    private static string[] Files(LaunchFamily? family, IReadOnlyDictionary<string, string> environment) => family switch
    {
        LaunchFamily.Mpich or LaunchFamily.Mvapich => [.. MpichFiles, .. OpenMpiFiles],
        // srun tells by its plug-in which family it serves: PMI-1 and PMI-2 are MPICH's, PMIx is Open MPI's.
        LaunchFamily.Slurm when environment.ContainsKey("PMI_FD") || environment.ContainsKey("PMI_JOBID") => [.. MpichFiles, .. OpenMpiFiles],
        _ => [.. OpenMpiFiles, .. MpichFiles],
    };
}
