using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Kernels.OneDnn;

// Structures of dnnl_types.h that versions 2.6 and 3 share.

/// <summary>dnnl_dims_t.</summary>
[InlineArray(Maximum)]
internal struct Dims
{
    public const int Maximum = 12;

    private long _first;

    public static Dims Of(ReadOnlySpan<int> lengths, int add = 0)
    {
        var dims = default(Dims);
        for (var i = 0; i < lengths.Length; i++) dims[i] = lengths[i] + add;
        return dims;
    }

    public static Dims Of(ReadOnlySpan<long> values)
    {
        var dims = default(Dims);
        values.CopyTo(dims);
        return dims;
    }
}

/// <summary>dnnl_exec_arg_t.</summary>
internal struct ExecArg
{
    public Arg Arg;
    public nint Memory;
}

/// <summary>dnnl_version_t.</summary>
internal struct VersionInfo
{
    public int Major;
    public int Minor;
    public int Patch;
    public nint Hash;
    public uint CpuRuntime;
    public uint GpuRuntime;

    public override readonly string ToString() => $"{Major}.{Minor}.{Patch}";
}

/// <summary>How a window slides over the spatial dimensions of a convolution or a pooling.</summary>
/// <param name="Size">Of a pooling; a convolution's is that of its weights.</param>
/// <param name="Strides">Rows from one position to the next.</param>
/// <param name="Dilates">The library counts the rows left out between taps: 0 for an ordinary window.</param>
/// <param name="PadBegin">Rows of padding before.</param>
/// <param name="PadEnd">Rows of padding after.</param>
internal readonly record struct Window(Dims Size, Dims Strides, Dims Dilates, Dims PadBegin, Dims PadEnd)
{
    public static Window Of(ConvGeometry g) =>
        new(default, Dims.Of(g.Strides.Dimensions), Dims.Of(g.Dilations.Dimensions, -1), Dims.Of(g.PadBegin.Dimensions), Dims.Of(g.PadEnd.Dimensions));

    public static Window Of(PoolGeometry g) =>
        new(Dims.Of(g.Window.Dimensions), Dims.Of(g.Strides.Dimensions), default, Dims.Of(g.PadBegin.Dimensions), Dims.Of(g.PadEnd.Dimensions));
}
