using System.Buffers;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Tests;

public class TensorTests
{
    [Theory]
    [InlineData(DType.Float32, 4)]
    [InlineData(DType.Float64, 8)]
    [InlineData(DType.BFloat16, 2)]
    [InlineData(DType.Float16, 2)]
    [InlineData(DType.Int64, 8)]
    [InlineData(DType.Int32, 4)]
    [InlineData(DType.UInt8, 1)]
    [InlineData(DType.Bool, 1)]
    public void Every_type_has_aligned_memory_of_its_size(DType type, int size)
    {
        foreach (var count in new[] { 0, 1, 3, 17, 1000, 100_003 })
        {
            var tensor = Tensor.Zeros(type, [count]);
            Assert.Equal(0, tensor.Address % 64);
            Assert.Equal((long)count * size, tensor.Bytes);
            Assert.False(tensor.RawBytes.ContainsAnyExcept((byte)0));
        }
    }

    [Fact]
    public void Parts_are_the_same_memory()
    {
        var whole = Tensor.From(Enumerable.Range(0, 12).ToArray(), [4, 3]);
        var rows = whole.Part(3, [2, 3]);
        Assert.Equal(whole.Address + 12, rows.Address);
        Assert.Equal([3, 4, 5, 6, 7, 8], rows.ToArray<int>());
        Tensor.From([-1, -2, -3], [3]).CopyTo(rows.Reshape([6]).Part(3, [3]));
        Assert.Equal([0, 1, 2, 3, 4, 5, -1, -2, -3, 9, 10, 11], whole.ToArray<int>());
        Assert.Equal(0, whole.Part(12, [0, 3]).ElementCount);
        Assert.Equal("Int32[4, 3] has no 6 elements from element 7 on, for the shape [2, 3].", Assert.Throws<ShapeException>(() => whole.Part(7, [2, 3])).Message);
        Assert.Throws<ShapeException>(() => whole.Part(-1, [1]));
    }

    [Fact]
    public void What_is_put_in_comes_out_in_every_type()
    {
        RoundTrip(1.5f, -2f);
        RoundTrip(1.5, -2.0);
        RoundTrip((BFloat16)1.5f, (BFloat16)(-2f));
        RoundTrip((Half)1.5f, (Half)(-2f));
        RoundTrip(long.MaxValue, -1L);
        RoundTrip(int.MaxValue, -1);
        RoundTrip<byte>(255, 0);
        RoundTrip(true, false);
        Assert.Contains("Single", Assert.Throws<DunlinException>(() => Tensor.Zeros(DType.Int32, [2]).Span<float>()).Message, StringComparison.Ordinal);
        Assert.Throws<DunlinException>(() => DTypes.Of<decimal>());
    }

    [Fact]
    public void Views_share_memory_and_clones_do_not()
    {
        var tensor = Tensor.From([1, 2, 3, 4, 5, 6], [2, 3]);
        var view = tensor.Reshape([3, 2]);
        var clone = tensor.Clone();
        view.Span<int>()[0] = 9;
        Assert.Equal(9, tensor.Span<int>()[0]);
        Assert.Equal(1, clone.Span<int>()[0]);
        Assert.Throws<ShapeException>(() => tensor.Reshape([4]));
        Assert.Throws<ShapeException>(() => tensor.CopyTo(Tensor.Zeros(DType.Int32, [3, 2])));
    }

    [Fact]
    public void Tensor_spans_of_dotnet_go_both_ways()
    {
        var tensor = Tensor.From([1f, 2f, 3f, 4f, 5f, 6f], [2, 3]);
        var span = tensor.AsTensorSpan<float>();
        Assert.Equal(6f, span[1, 2]);
        span[0, 1] = 20;
        Assert.Equal(20, tensor.Span<float>()[1]);

        // A strided part of it: the second and third column.
        ReadOnlyTensorSpan<float> part = span.Slice([NRange.All, new NRange(1, 3)]);
        Assert.Equal([20f, 3f, 5f, 6f], Tensor.From(part).ToArray<float>());
        Assert.Equal<Shape>([2, 2], Tensor.From(part).Shape);
    }

    [Fact]
    public void Memory_of_dropped_tensors_is_used_again()
    {
        var addresses = new HashSet<nint>();
        for (var round = 0; round < 50; round++)
        {
            Drop(addresses);
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.True(addresses.Count < 25, $"50 tensors took {addresses.Count} places");

        static void Drop(HashSet<nint> addresses) => addresses.Add(Tensor.Zeros(DType.Float32, [123_457]).Address);
    }

    [Fact]
    public void BFloat16_rounds_to_nearest_even_and_keeps_what_is_special()
    {
        // 1 + 2⁻⁸ lies half-way between 1 and 1 + 2⁻⁷: to the even 1; 1 + 3·2⁻⁸ half-way to the even 1 + 2⁻⁶.
        Assert.Equal(1f, (float)(BFloat16)1.00390625f);
        Assert.Equal(1.015625f, (float)(BFloat16)1.01171875f);
        Assert.Equal(float.PositiveInfinity, (float)(BFloat16)float.MaxValue);
        Assert.Equal(float.NegativeInfinity, (float)(BFloat16)float.NegativeInfinity);
        Assert.True(float.IsNaN((BFloat16)float.NaN));
        // A NaN whose upper half alone would read as infinity.
        Assert.True(float.IsNaN((BFloat16)BitConverter.UInt32BitsToSingle(0x7F80_0001)));
        for (var bits = 0; bits <= ushort.MaxValue; bits++)
        {
            var value = BFloat16.FromBits((ushort)bits);
            if (!float.IsNaN(value)) Assert.Equal(value.Bits, ((BFloat16)(float)value).Bits);
        }
    }

    private static void RoundTrip<T>(params T[] elements) where T : unmanaged
    {
        var tensor = Tensor.From(elements);
        Assert.Equal(DTypes.Of<T>(), tensor.Type);
        Assert.Equal(elements, tensor.ToArray<T>());
        Assert.Equal(elements[0], Tensor.Scalar(elements[0]).Item<T>());
    }
}
