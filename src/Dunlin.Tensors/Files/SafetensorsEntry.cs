namespace Dunlin.Tensors;

/// <summary>What a safetensors file says about one tensor.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="TypeName">The element type as the file spells it, such as <c>F32</c>.</param>
/// <param name="Dimensions">The lengths, outermost first.</param>
/// <param name="Begin">Its first byte, counted from the end of the header.</param>
/// <param name="End">The byte after its last.</param>
public sealed record SafetensorsEntry(string Name, string TypeName, IReadOnlyList<ulong> Dimensions, long Begin, long End)
{
    /// <summary>The element type, or null for one that the format knows and Dunlin does not: such a tensor is listed but can't be loaded.</summary>
    public DType? Type => SafetensorsTypes.ToDType(TypeName);

    /// <summary>Bytes of all elements.</summary>
    public long Bytes => End - Begin;
}

/// <summary>The format's element types: name, bits of one element, and our type for it. The writer puts tensors in this order.</summary>
internal static class SafetensorsTypes
{
    private static readonly (string Name, int Bits, DType? Type)[] Table =
    [
        ("I64", 64, DType.Int64), ("F64", 64, DType.Float64), ("F32", 32, DType.Float32), ("I32", 32, DType.Int32),
        ("BF16", 16, DType.BFloat16), ("F16", 16, DType.Float16), ("U8", 8, DType.UInt8), ("BOOL", 8, DType.Bool),
        ("I8", 8, null), ("I16", 16, null), ("U16", 16, null), ("U32", 32, null), ("U64", 64, null), ("C64", 64, null),
        ("F8_E4M3", 8, null), ("F8_E5M2", 8, null), ("F8_E8M0", 8, null), ("F8_E4M3FNUZ", 8, null), ("F8_E5M2FNUZ", 8, null),
        ("F6_E2M3", 6, null), ("F6_E3M2", 6, null), ("F4", 4, null),
    ];

    /// <summary>Bits of one element, or null for a name that the format doesn't know.</summary>
    public static int? Bits(string name) => Find(name) is int row ? Table[row].Bits : null;

    public static DType? ToDType(string name) => Find(name) is int row ? Table[row].Type : null;

    public static string NameOf(DType type) => Table[Rank(type)].Name;

    /// <summary>The place of a type in the writer's order.</summary>
    public static int Rank(DType type) => Array.FindIndex(Table, row => row.Type == type);

    private static int? Find(string name) => Array.FindIndex(Table, row => row.Name == name) is >= 0 and var row ? row : null;
}
