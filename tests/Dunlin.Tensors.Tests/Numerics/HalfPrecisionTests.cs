namespace Dunlin.Tensors.Tests.Numerics;

public sealed unsafe class HalfPrecisionTests
{
    [Fact]
    public void Rows_convert_as_single_values_do()
    {
        var all = Enumerable.Range(0, 1 << 16).Select(i => (ushort)i).ToArray();
        var wide = new float[all.Length];
        fixed (ushort* source = all) HalfPrecision.Widen(DType.BFloat16, (nint)source, wide);
        Assert.Equal(all.Select(b => BitConverter.SingleToUInt32Bits(BFloat16.FromBits(b))), wide.Select(BitConverter.SingleToUInt32Bits));

        // Every upper half, with lower halves around the tie.
        foreach (var lower in new uint[] { 0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF })
        {
            var floats = all.Select(b => BitConverter.UInt32BitsToSingle((uint)b << 16 | lower)).ToArray();
            var narrow = new ushort[floats.Length];
            fixed (ushort* target = narrow) HalfPrecision.Narrow(DType.BFloat16, floats, (nint)target);
            Assert.Equal(floats.Select(f => ((BFloat16)f).Bits), narrow);
        }
    }
}
