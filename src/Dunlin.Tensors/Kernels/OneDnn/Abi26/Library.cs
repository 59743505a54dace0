using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>The loaded library: what is made once for the whole process and lives as long.</summary>
internal sealed unsafe class Library : IOneDnnAbi
{
    private static readonly Lazy<(Library? Library, string? Problem)> Loading = new(() => Load(Native.Library));

    private Library(VersionInfo version)
    {
        Version = $"{version.Major}.{version.Minor}.{version.Patch}";
        nint engine;
        Native.Check(Native.dnnl_engine_create(&engine, EngineKind.Cpu, 0), "creating the CPU engine", null);
        Engine = engine;
        Attributes = CreateAttributes(Activation.None);
        ReluAttributes = CreateAttributes(Activation.Relu);
    }

    /// <summary>The library, or null where <see cref="Problem"/> says why not.</summary>
    public static Library? Instance => Loading.Value.Library;

    /// <summary>Why there is no library, in a sentence; null if there is one.</summary>
    public static string? Problem => Loading.Value.Problem;

    public string Version { get; }

    public nint Engine { get; }

    private nint Attributes { get; }

    private nint ReluAttributes { get; }

    public string InstructionSet => Native.dnnl_get_effective_cpu_isa() switch
    {
        0x01 => "SSE4.1",
        0x03 => "AVX",
        0x07 => "AVX2",
        0x407 => "AVX2 VNNI",
        0x0f or 0x1f or 0x27 => "AVX-512",
        0x67 => "AVX-512 VNNI",
        0xe7 => "AVX-512 BF16",
        0x3e7 => "AVX-512 AMX",
        _ => "generic",
    };

    /// <summary>Attributes with scratch memory given by us and the activation applied last.</summary>
    public nint AttributesFor(Activation activation) => activation == Activation.Relu ? ReluAttributes : Attributes;

    private static nint CreateAttributes(Activation activation)
    {
        nint attributes;
        Native.Check(Native.dnnl_primitive_attr_create(&attributes), "creating attributes", null);
        Native.Check(Native.dnnl_primitive_attr_set_scratchpad_mode(attributes, ScratchpadMode.User), "creating attributes", null);
        if (activation == Activation.None) return attributes;
        nint postOps;
        Native.Check(Native.dnnl_post_ops_create(&postOps), "creating post-operations", null);
        Native.Check(Native.dnnl_post_ops_append_eltwise(postOps, 1, AlgKind.Relu, 0, 0), "adding ReLU as a post-operation", null);
        Native.Check(Native.dnnl_primitive_attr_set_post_ops(attributes, postOps), "creating attributes", null);
        Native.Check(Native.dnnl_post_ops_destroy(postOps), "creating attributes", null);
        return attributes;
    }

    public Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads) => Primitives.TryPrepare(spec, offered, threads);

    /// <summary>Loads the library, or says why not; nothing that is wrong with an installation stops a program that can do without it.</summary>
    internal static (Library? Library, string? Problem) Load(string file)
    {
        const string Remedy = "install libdnnl 2.6 (Debian, Ubuntu: apt install libdnnl2) or choose the managed kernels";
        if (!NativeLibrary.TryLoad(file, out _)) return (null, $"{file} is not installed; {Remedy}");
        if (!NativeLibrary.TryLoad(OpenMp.Library, out _)) return (null, $"{OpenMp.Library}, on whose threads {file} runs, is not installed; {Remedy}");
        try
        {
            var version = *Native.dnnl_version();
            if (version.Major != 2 || version.Minor < 6)
                return (null, $"{file} is version {version.Major}.{version.Minor}.{version.Patch}, and Dunlin knows 2.6 and later 2.x; {Remedy}");
            if (version.CpuRuntime != Native.OpenMpRuntime) return (null, $"{file} was built for other threads than OpenMP's; {Remedy}");
            return (new Library(version), null);
        }
        catch (Exception e) when (e is DunlinException or EntryPointNotFoundException or DllNotFoundException)
        {
            return (null, $"{file} does not work ({e.Message}); {Remedy}");
        }
    }
}
