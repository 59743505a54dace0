using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>
/// A prepared oneDNN primitive with its operands bound. Small networks run thousands of kernels per second, so a run costs one native
/// call, plus one for each operand whose address changed since the last run (in a plan they never do).
/// </summary>
internal sealed unsafe class OneDnnKernel : Kernel
{
    private const uint InOrder = 1;

    private readonly KernelSpec _spec;
    private readonly int _threads;
    private readonly int _operands;
    private readonly int _argCount;
    private readonly bool _inPlace;
    private readonly nint _primitive;
    private readonly nint _stream;
    private int _bound;
    private ExecArg* _args;
    private nint* _addresses;

    private OneDnnKernel(KernelSpec spec, PrimitiveDesc primitive, ThreadTeam threads, ReadOnlySpan<Arg> inputs, ReadOnlySpan<Arg> outputs,
        bool plain, bool inPlace, (Arg Arg, Arg StandIn)? unread)
    {
        _spec = spec;
        _threads = threads.Size;
        _inPlace = inPlace;
        var scratch = primitive.Scratchpad;
        ScratchBytes = scratch.IsInvalid ? 0 : scratch.Bytes;
        if (!plain)
        {
            InputLayouts = Layouts(primitive, inputs);
            OutputLayouts = Layouts(primitive, outputs);
        }

        Arg[] args = [.. inputs, .. outputs];
        var capacity = (nuint)args.Length + 2; // scratch memory and a stand-in
        _args = (ExecArg*)NativeMemory.AllocZeroed(capacity, (nuint)sizeof(ExecArg));
        _addresses = (nint*)NativeMemory.AllocZeroed(capacity, (nuint)sizeof(nint));
        foreach (var arg in args) Bind(arg, primitive[arg], primitive.Abi);
        if (ScratchBytes > 0) Bind(Arg.Scratchpad, scratch, primitive.Abi);
        _operands = _bound;
        // Which normalisations' gradients want a shift that they don't read differs between versions.
        if (primitive.InputCount <= inputs.Length) unread = null;
        if (unread is { } extra) _args[_operands] = new ExecArg { Arg = extra.Arg, Memory = _args[Array.IndexOf(args, extra.StandIn)].Memory };
        _argCount = unread is null ? _operands : _operands + 1;

        Native.Check(Native.dnnl_primitive_create(out _primitive, primitive), "creating the primitive", spec);
        Native.Check(Native.dnnl_stream_create(out _stream, primitive.Abi.Engine, InOrder), "creating a stream", spec);
    }

    /// <summary>Creates the primitive, with conversions around it where the library wants Float32 operands beside those of 16 bits.</summary>
    /// <param name="spec">What it computes.</param>
    /// <param name="primitive">The chosen implementation.</param>
    /// <param name="threads">How many threads it may use.</param>
    /// <param name="inputs">The library's names of the specification's inputs, in order.</param>
    /// <param name="outputs">The library's names of the outputs.</param>
    /// <param name="plain">Whether all operands are plain although the library was told of them by strides.</param>
    /// <param name="inPlace">Whether the first output may overwrite the first input.</param>
    /// <param name="unread">An operand that the library may count on but does not read, and the input that stands in for it.</param>
    public static Kernel Create(KernelSpec spec, PrimitiveDesc primitive, ThreadTeam threads, ReadOnlySpan<Arg> inputs, ReadOnlySpan<Arg> outputs,
        bool plain = false, bool inPlace = false, (Arg Arg, Arg StandIn)? unread = null)
    {
        var kernel = new OneDnnKernel(spec, primitive, threads, inputs, outputs, plain, inPlace, unread);
        if (!spec.Type.IsHalf() || spec is ReorderSpec) return kernel;
        Arg[] args = [.. inputs, .. outputs];
        return Float32Operands.Around(kernel, spec, [.. args.Select(arg => primitive[arg].Form)], inputs.Length);
    }

    /// <summary>Frees what a constructor that failed, or a forgotten kernel, still holds.</summary>
    ~OneDnnKernel() => Release();

    public override bool CanOverwrite(int input, int output) => _inPlace && input == 0 && output == 0;

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        ObjectDisposedException.ThrowIf(_args == null, this);
        OpenMp.Use(_threads);
        for (var i = 0; i < _operands; i++)
        {
            if (_addresses[i] == buffers[i]) continue;
            Native.Check(Native.dnnl_memory_set_data_handle(_args[i].Memory, buffers[i]), "placing an operand", _spec);
            _addresses[i] = buffers[i];
        }
        // On a CPU the call returns when the work is done, so there is nothing to wait for.
        var status = Native.dnnl_primitive_execute(_primitive, _stream, _argCount, _args);
        if (status != Status.Success) Native.Check(status, "running", _spec);
    }

    public override void Dispose()
    {
        Release();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    private static MemoryLayout[] Layouts(PrimitiveDesc primitive, ReadOnlySpan<Arg> args)
    {
        var layouts = new MemoryLayout[args.Length];
        for (var i = 0; i < args.Length; i++)
            layouts[i] = OneDnnLayout.Of(primitive.Abi, primitive[args[i]]);
        return layouts;
    }

    private void Bind(Arg arg, MemoryDesc desc, OneDnnAbi abi)
    {
        Native.Check(Native.dnnl_memory_create(out var memory, desc, abi.Engine, 0), "creating an operand", _spec);
        _args[_bound++] = new ExecArg { Arg = arg, Memory = memory };
    }

    private void Release()
    {
        if (_args == null) return;
        for (var i = 0; i < _bound; i++) Native.dnnl_memory_destroy(_args[i].Memory);
        if (_primitive != 0) Native.dnnl_primitive_destroy(_primitive);
        if (_stream != 0) Native.dnnl_stream_destroy(_stream);
        NativeMemory.Free(_args);
        NativeMemory.Free(_addresses);
        _args = null;
        _addresses = null;
    }
}
