namespace Dunlin.Tensors.Kernels.OneDnn.Abi3;

/// <summary>
/// Tags (dnnl_format_tag_t) of blocked activations, by which alone this version makes blocked descriptors to order: channels in blocks of 4 to 32 after plain dimensions.
/// </summary>
internal static class FormatTags
{
    /// <summary>The tag of a form, or null where it is none of these.</summary>
    public static FormatTag? Of(MemoryForm form) => form.ToString() switch
    {
        "aBc4b" => (FormatTag)60,
        "aBc8b" => (FormatTag)69,
        "aBc16b" => (FormatTag)56,
        "aBc32b" => (FormatTag)59,
        "aBcd4b" => (FormatTag)84,
        "aBcd8b" => (FormatTag)102,
        "aBcd16b" => (FormatTag)78,
        "aBcd32b" => (FormatTag)83,
        "aBcde4b" => (FormatTag)128,
        "aBcde8b" => (FormatTag)142,
        "aBcde16b" => (FormatTag)121,
        "aBcde32b" => (FormatTag)127,
        _ => null,
    };
}
