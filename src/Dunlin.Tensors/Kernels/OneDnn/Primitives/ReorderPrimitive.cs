namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>
/// Copies between a plain layout, of the specification's element type, and one of the library's, or between two of those over the same lengths. A layout of
/// another element type converts.
/// </summary>
internal static class ReorderPrimitive
{
    public static Kernel? Prepare(OneDnnAbi abi, ReorderSpec spec, ThreadTeam threads)
    {
        // The library's side knows the lengths; between two plain sides there is nothing for it to do.
        var type = DataTypes.Of(spec.Type);
        if ((spec.From as OneDnnLayout ?? spec.To as OneDnnLayout)?.Desc is not { } known || known.Form.ElementCount != spec.Shape.ElementCount || type == DataType.Undefined) return null;
        var plain = abi.Plain(known.Form.Lengths, type);
        var from = (spec.From as OneDnnLayout)?.Desc ?? plain;
        var to = (spec.To as OneDnnLayout)?.Desc ?? plain;
        if (!to.Form.Has(from.Form.Lengths)) return null;
        using var primitive = PrimitiveDesc.Of(abi, abi.Reorder(from, to, out var handle), handle, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, [Arg.Src], [Arg.Dst]);
    }
}
