using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>Finds the library: the newest on this machine whose interface Dunlin knows.</summary>
internal static unsafe class OneDnnLibrary
{
    /// <summary>cpu_runtime of a library built on OpenMP, whose threads an <see cref="OpenMpTeam"/> shares.</summary>
    private const uint OpenMpRuntime = 2;

    private const string Remedy = "install oneDNN 3 (Debian 13: apt install libdnnl3.6) or 2.6 (Debian 12: apt install libdnnl2), or choose the managed kernels";

    private static nint _chosen;

    static OneDnnLibrary() => NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, (name, _, _) => name == Native.Library ? _chosen : 0);

    /// <summary>
    /// File names from the newest version. Upstream's carry the major version alone, Debian's since 13 a minor one too (libdnnl.so.3.6, whatever minor version it is).
    /// </summary>
    public static IReadOnlyList<string> Files { get; } = ["libdnnl.so.3", .. Enumerable.Range(0, 20).Reverse().Select(minor => $"libdnnl.so.3.{minor}"), "libdnnl.so.2"];

    /// <summary>
    /// Loads the first of the files that is there and usable, or says why none is; nothing that is wrong with an installation stops a program that can do without it.
    /// </summary>
    /// <remarks>To be called with a usable file once in a process: which library it is stays.</remarks>
    public static (OneDnnAbi? Abi, string? Problem) Load(IReadOnlyList<string> files)
    {
        string? problem = null;
        foreach (var file in files)
        {
            if (!NativeLibrary.TryLoad(file, out var handle)) continue;
            try
            {
                var (version, unusable) = Inspect(file, handle);
                if (unusable is null)
                {
                    _chosen = handle;
                    return (version.Major == 2 ? new Abi26.OneDnn26(version) : new Abi3.OneDnn3(version), null);
                }
                problem ??= unusable;
            }
            catch (Exception e) when (e is DunlinException or EntryPointNotFoundException or DllNotFoundException)
            {
                return (null, $"{file} does not work ({e.Message}); {Remedy}");
            }
        }
        return (null, problem ?? $"{files[0]}{(files.Count > 1 ? $" or {files[^1]}" : "")} is not installed; {Remedy}");
    }

    private static (VersionInfo Version, string? Problem) Inspect(string file, nint handle)
    {
        if (!NativeLibrary.TryGetExport(handle, "dnnl_version", out var function)) return (default, $"{file} is not oneDNN; {Remedy}");
        if (!NativeLibrary.TryLoad(OpenMp.Library, out _)) return (default, $"{OpenMp.Library}, on whose threads {file} runs, is not installed; {Remedy}");
        var version = *((delegate* unmanaged<VersionInfo*>)function)();
        if (version is not ({ Major: 2, Minor: >= 6 } or { Major: 3 })) return (version, $"{file} is version {version}, and Dunlin knows 2.6, later 2.x, and 3.x; {Remedy}");
        return (version, version.CpuRuntime == OpenMpRuntime ? null : $"{file} was built for other threads than OpenMP's; {Remedy}");
    }
}
