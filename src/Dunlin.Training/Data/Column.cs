using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>One field's values for all examples of an <see cref="InMemoryDataset"/>, and how they are turned into what a batch holds.</summary>
public abstract class Column
{
    private protected Column(string name, Tensor values, DType type)
    {
        if (values.Shape.Rank == 0) throw new ShapeException($"The field \"{name}\" needs a first dimension that counts the examples; got {values}.");
        Values = values;
        Field = new Field(name, new TensorType(type, values.Shape[1..]));
    }

    /// <summary>The field's name and the type of one example in a batch.</summary>
    public Field Field { get; }

    /// <summary>How many examples there are.</summary>
    public int Count => Values.Shape[0];

    private protected Tensor Values { get; }

    private protected int RowLength => (int)Field.Type.Shape.ElementCount;

    /// <summary>Values that go into a batch as they are.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="values">Shape [examples, ...].</param>
    public static Column Of(string name, Tensor values) => new Plain(name, values);

    /// <summary>Bytes that stand for brightness. They stay bytes in memory and become Float32 (x / 255 − mean) / deviation in a batch.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="values">UInt8, shape [examples, channels, height, width].</param>
    /// <param name="mean">The mean to subtract: one number, or one for each channel.</param>
    /// <param name="deviation">The standard deviation to divide by: as many numbers, none 0.</param>
    /// <exception cref="ShapeException">The values are no such images, or there are not as many numbers as channels.</exception>
    public static Column Pixels(string name, Tensor values, ReadOnlySpan<float> mean, ReadOnlySpan<float> deviation) =>
        new PixelColumn(name, values, mean, deviation);

    /// <summary>Class numbers that are bytes in memory and become Int64 in a batch.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="values">UInt8, shape [examples].</param>
    public static Column Labels(string name, Tensor values) => new LabelColumn(name, values);

    /// <summary>Writes some examples into the rows of a tensor.</summary>
    internal abstract void Write(ReadOnlySpan<int> examples, Tensor target);

    private sealed class Plain(string name, Tensor values) : Column(name, values, values.Type)
    {
        internal override unsafe void Write(ReadOnlySpan<int> examples, Tensor target)
        {
            var row = Field.Type.Bytes;
            for (var i = 0; i < examples.Length; i++)
                Buffer.MemoryCopy((byte*)Values.Address + examples[i] * row, (byte*)target.Address + i * row, row, row);
            GC.KeepAlive(Values);
            GC.KeepAlive(target);
        }
    }

    private sealed class PixelColumn : Column
    {
        /// <summary>The float of each byte, for each channel.</summary>
        private readonly float[] _table;
        private readonly int _channelLength;

        public PixelColumn(string name, Tensor values, ReadOnlySpan<float> mean, ReadOnlySpan<float> deviation) : base(name, values, DType.Float32)
        {
            if (values.Type != DType.UInt8 || values.Shape.Rank != 4)
                throw new ShapeException($"The field \"{name}\" needs UInt8 images [examples, channels, height, width]; got {values}.");
            var channels = values.Shape[1];
            if (mean.Length != deviation.Length || (mean.Length != 1 && mean.Length != channels))
                throw new ShapeException($"The field \"{name}\" has {channels} channels, but {mean.Length} means and {deviation.Length} deviations were given; give one or {channels} of each.");
            _channelLength = values.Shape[2] * values.Shape[3];
            _table = new float[channels * 256];
            for (var i = 0; i < _table.Length; i++)
                _table[i] = ((i & 255) / 255f - mean[mean.Length == 1 ? 0 : i >> 8]) / deviation[mean.Length == 1 ? 0 : i >> 8];
        }

        internal override unsafe void Write(ReadOnlySpan<int> examples, Tensor target)
        {
            var output = target.Span<float>();
            for (var i = 0; i < examples.Length; i++)
            {
                var bytes = new ReadOnlySpan<byte>((byte*)Values.Address + (long)examples[i] * RowLength, RowLength);
                var floats = output.Slice(i * RowLength, RowLength);
                for (var begin = 0; begin < bytes.Length; begin += _channelLength)
                {
                    var table = _table.AsSpan(begin / _channelLength * 256, 256);
                    for (var k = begin; k < begin + _channelLength; k++) floats[k] = table[bytes[k]];
                }
            }
            GC.KeepAlive(Values);
        }
    }

    private sealed class LabelColumn : Column
    {
        public LabelColumn(string name, Tensor values) : base(name, values, DType.Int64)
        {
            if (values.Type != DType.UInt8 || values.Shape.Rank != 1)
                throw new ShapeException($"The field \"{name}\" needs UInt8 class numbers [examples]; got {values}.");
        }

        internal override void Write(ReadOnlySpan<int> examples, Tensor target)
        {
            var labels = Values.Span<byte>();
            var output = target.Span<long>();
            for (var i = 0; i < examples.Length; i++) output[i] = labels[examples[i]];
        }
    }
}
