using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>
/// One rank's share of a global batch: a tensor for each field, whose first dimension is the example. A <see cref="DataLoader"/> reuses
/// its batches: one is valid until the next is asked for.
/// </summary>
public sealed class Batch
{
    private readonly Dictionary<int, Tensor[]> _byRows = [];
    private Tensor[] _tensors;

    /// <summary>A batch with room for some examples; the contents are arbitrary.</summary>
    /// <param name="fields">The data set's fields.</param>
    /// <param name="rows">The first dimension of every tensor.</param>
    public Batch(IReadOnlyList<Field> fields, int rows)
    {
        Fields = fields;
        _tensors = [];
        Resize(rows);
        Count = GlobalCount = rows;
    }

    /// <summary>What each example consists of.</summary>
    public IReadOnlyList<Field> Fields { get; }

    /// <summary>One tensor [<see cref="Rows"/>, ...] for each field, in the order of <see cref="Fields"/>.</summary>
    public IReadOnlyList<Tensor> Tensors => _tensors;

    /// <summary>The first dimension of every tensor: <see cref="Count"/>, or 1 where this rank's share is empty.</summary>
    public int Rows { get; private set; }

    /// <summary>How many examples are this rank's share of the global batch. If 0, there is one row, which must not count.</summary>
    public int Count { get; internal set; }

    /// <summary>How many examples all ranks have together in this step.</summary>
    public int GlobalCount { get; internal set; }

    /// <summary>Where this rank's share begins in the global batch.</summary>
    public int GlobalOffset { get; internal set; }

    /// <summary>This rank's part in a mean over the global batch: <see cref="Count"/> / <see cref="GlobalCount"/>; over all ranks they add up to 1.</summary>
    public double Weight => (double)Count / GlobalCount;

    /// <summary>The pass over the data, from 0.</summary>
    public long Epoch { get; internal set; }

    /// <summary>The step within the epoch, from 0.</summary>
    public int Step { get; internal set; }

    /// <summary>The tensor of one field.</summary>
    /// <exception cref="DunlinException">There is no such field.</exception>
    public Tensor this[string field]
    {
        get
        {
            for (var i = 0; i < Fields.Count; i++)
                if (Fields[i].Name == field) return _tensors[i];
            throw new DunlinException($"The batch has no field \"{field}\"; it has {string.Join(", ", Fields.Select(f => $"\"{f.Name}\""))}.");
        }
    }

    /// <summary>Changes the number of rows. Each number's tensors are kept, so going back and forth allocates nothing.</summary>
    internal void Resize(int rows)
    {
        if (rows == Rows && _tensors.Length > 0) return;
        if (!_byRows.TryGetValue(rows, out var tensors)) _byRows.Add(rows, tensors = Allocate(rows));
        _tensors = tensors;
        Rows = rows;
    }

    /// <summary>Makes this batch some rows of another one of the same fields.</summary>
    internal void CopyRows(Batch source, int begin, int rows)
    {
        Resize(rows);
        for (var i = 0; i < _tensors.Length; i++)
        {
            var row = (int)(_tensors[i].Bytes / rows);
            source._tensors[i].RawBytes.Slice(begin * row, rows * row).CopyTo(_tensors[i].RawBytes);
        }
    }

    private Tensor[] Allocate(int rows) =>
        [.. Fields.Select(field => Tensor.Zeros(field.Type.Type, Shape.Create([rows, .. field.Type.Shape.Dimensions])))];
}
