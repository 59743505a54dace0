namespace Dunlin.Tensors.Tests.Numerics;

public class PhiloxTests
{
    private static readonly PhiloxKey Key = new(Seed: 0x0123_4567_89AB_CDEF, Stream: 7, Step: 3);

    [Theory] // kat_vectors of the Random123 library
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Blocks_are_the_published_ones(
        uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint x0, uint x1, uint x2, uint x3) =>
        Assert.Equal((x0, x1, x2, x3), Philox.Block(c0, c1, c2, c3, k0, k1));

    [Theory, InlineData(0ul), InlineData(5ul), InlineData((1ul << 34) - 7)]
    public void Any_split_of_a_fill_gives_the_same_numbers(ulong offset)
    {
        Splits((Span<uint> part, ulong at) => Philox.FillBits(part, Key, at), offset);
        Splits((Span<float> part, ulong at) => Philox.FillUniform(part, Key, at), offset);
        Splits((Span<double> part, ulong at) => Philox.FillUniform(part, Key, at), offset);
        Splits((Span<float> part, ulong at) => Philox.FillNormal(part, Key, at), offset);
        Splits((Span<double> part, ulong at) => Philox.FillNormal(part, Key, at), offset);
        Splits((Span<long> part, ulong at) => Philox.FillIntegers(part, -3, 9, Key, at), offset);
    }

    [Fact]
    public void Wide_fills_carry_into_the_counters_upper_word()
    {
        var start = (1ul << 32) - 5;
        var bits = new uint[64];
        Philox.FillBits(bits, Key, 4 * start);
        for (var i = 0; i < 16; i++)
        {
            var (x0, x1, x2, x3) = Philox.Block(Key, start + (ulong)i);
            Assert.Equal([x0, x1, x2, x3], bits[(4 * i)..(4 * i + 4)]);
        }
    }

    [Fact]
    public unsafe void Vectors_of_both_widths_give_the_blocks_in_order()
    {
        var start = (1ul << 32) - 5;
        var bits = stackalloc uint[70];
        foreach (var wide in new[] { false, true })
        {
            if (!(wide ? System.Runtime.Intrinsics.X86.Avx512F.IsSupported : System.Runtime.Intrinsics.X86.Avx2.IsSupported)) continue;
            Assert.Equal(64, wide ? Philox.Fill512(bits, 70, Key, start) : Philox.Fill256(bits, 70, Key, start));
            for (var i = 0; i < 16; i++) Assert.Equal(Philox.Block(Key, start + (ulong)i), (bits[4 * i], bits[4 * i + 1], bits[4 * i + 2], bits[4 * i + 3]));
        }
    }

    [Fact]
    public void Single_draws_are_those_of_a_fill()
    {
        var numbers = new float[150];
        var bits = new uint[150];
        Philox.FillUniform(numbers, Key, 2);
        Philox.FillBits(bits, Key, 2);
        for (var i = 0; i < numbers.Length; i++)
        {
            Assert.Equal(numbers[i], Philox.Uniform(Key, (ulong)i + 2));
            var (x0, x1, x2, x3) = Philox.Block(Key, (ulong)(i + 2) / 4);
            Assert.Equal(new[] { x0, x1, x2, x3 }[(i + 2) % 4], bits[i]);
        }
    }

    [Fact]
    public void Seed_stream_and_step_each_give_other_numbers()
    {
        PhiloxKey[] keys = [Key, Key with { Seed = 1 }, Key with { Stream = 8 }, Key.At(4)];
        Assert.Equal(keys.Length, keys.Select(key => Philox.Block(key, 0)).Distinct().Count());
    }

    [Fact]
    public void Uniform_and_normal_numbers_have_their_moments()
    {
        const int n = 1 << 20;
        var (singles, doubles) = (new float[n], new double[n]);
        Philox.FillUniform(singles, Key);
        Philox.FillUniform(doubles, Key);
        Assert.All([singles.Min(), (float)doubles.Min()], least => Assert.InRange(least, 0, 1e-4f));
        Assert.True(singles.Max() < 1 && doubles.Max() < 1);
        Assert.Equal(0.5, singles.Average(x => (double)x), 2e-3);
        Assert.Equal(1 / 12.0, doubles.Average(x => (x - 0.5) * (x - 0.5)), 1e-3);

        Philox.FillNormal(singles, Key, mean: 2, deviation: 3);
        Philox.FillNormal(doubles, Key);
        Assert.Equal(2, singles.Average(x => (double)x), 2e-2);
        Assert.Equal(9, singles.Average(x => (x - 2.0) * (x - 2)), 6e-2);
        Assert.Equal([0, 1, 0, 3], [.. Enumerable.Range(1, 4).Select(p => Math.Round(doubles.Average(x => Math.Pow(x, p)), 1) + 0.0)]);
    }

    [Fact]
    public void Bounded_integers_have_no_bias_even_for_bounds_that_reject_a_quarter_of_all_draws()
    {
        const ulong bound = 3ul << 62; // 2^64 modulo bound is 2^62: a quarter of the words lies in the part to reject
        var inLowerHalf = Enumerable.Range(0, 100_000).Count(i => Philox.Below(bound, Key, (ulong)i) < bound / 2);
        Assert.InRange(inLowerHalf, 49_300, 50_700);
        var counts = new int[7];
        foreach (var i in Enumerable.Range(0, 70_000)) counts[Philox.Below(7, Key, (ulong)i)]++;
        Assert.All(counts, count => Assert.InRange(count, 9_600, 10_400));
    }

    [Fact]
    public void Permutations_hold_every_index_once_and_are_all_equally_likely()
    {
        var order = new int[1000];
        Philox.Permutation(order, 1, 2);
        Assert.Equal(Enumerable.Range(0, 1000), order.Order());
        var again = new int[1000];
        Philox.Permutation(again, 1, 2);
        Assert.Equal(order, again);
        Philox.Permutation(again, 1, 3);
        Assert.NotEqual(order, again);

        var counts = new Dictionary<string, int>();
        for (var epoch = 0u; epoch < 6000; epoch++)
        {
            Philox.Permutation(order.AsSpan(0, 3), 5, epoch);
            var name = string.Join("", order[..3]);
            counts[name] = counts.GetValueOrDefault(name) + 1;
        }
        Assert.Equal(6, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 850, 1150));
    }

    private delegate void Fill<T>(Span<T> part, ulong offset);

    private static void Splits<T>(Fill<T> fill, ulong offset)
    {
        var whole = new T[203];
        fill(whole, offset);
        foreach (var size in new[] { 1, 2, 3, 5, 64, 67 })
        {
            var parts = new T[whole.Length];
            for (var at = 0; at < parts.Length; at += size)
                fill(parts.AsSpan(at, Math.Min(size, parts.Length - at)), offset + (ulong)at);
            Assert.Equal(whole, parts);
        }
    }
}
