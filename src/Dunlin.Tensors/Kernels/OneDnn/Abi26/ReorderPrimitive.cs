namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>Copies between a plain layout and one of the library's, or between two of those over the same lengths.</summary>
internal static class ReorderPrimitive
{
    public static Kernel? Prepare(ReorderSpec spec, ThreadTeam threads)
    {
        // The library's side knows element type and lengths; between two plain sides there is nothing for it to do.
        var known = spec.From as OneDnnLayout ?? spec.To as OneDnnLayout;
        if (known is null || !Holds(known.Desc, spec.Shape)) return null;
        var plain = MemoryDesc.Plain(known.Desc.LengthsAsInt32(), known.Desc.Type);
        var from = spec.From is OneDnnLayout source ? source.Desc : plain;
        var to = spec.To is OneDnnLayout target ? target.Desc : plain;
        if (!to.Has(from.LengthsAsInt32())) return null;
        using var primitive = PrimitiveDesc.CreateReorder(from, to, spec);
        return primitive is null ? null : new OneDnnKernel(spec, primitive, threads, [Arg.Src], [Arg.Dst]);
    }

    private static bool Holds(MemoryDesc desc, Shape shape)
    {
        var count = 1L;
        for (var i = 0; i < desc.Rank; i++) count *= desc.Lengths[i];
        return count == shape.ElementCount;
    }
}
