namespace Dunlin.Training.Data;

/// <summary>A data set whose examples lie in tensors, one for each field.</summary>
public sealed class InMemoryDataset : IDataset
{
    private readonly Column[] _columns;

    /// <summary>Creates the data set.</summary>
    /// <param name="columns">One or more, with equally many examples and different names.</param>
    /// <exception cref="DunlinException">There is no column, the examples differ in number, or a name occurs twice.</exception>
    public InMemoryDataset(params ReadOnlySpan<Column> columns)
    {
        _columns = columns.ToArray();
        Fields = [.. _columns.Select(column => column.Field)];
        if (_columns.Length == 0) throw new DunlinException("A data set needs at least one column.");
        Count = _columns[0].Count;
        foreach (var column in _columns)
            if (column.Count != Count)
                throw new ShapeException($"\"{_columns[0].Field.Name}\" has {Count} examples, but \"{column.Field.Name}\" has {column.Count}.");
        if (Fields.DistinctBy(field => field.Name).Count() < Fields.Count)
            throw new DunlinException($"A field's name occurs twice among {string.Join(", ", Fields.Select(field => field.Name))}.");
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public IReadOnlyList<Field> Fields { get; }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<int> examples, Batch target)
    {
        if (target.Rows != examples.Length) throw new ShapeException($"{examples.Length} examples do not fill a batch of {target.Rows} rows.");
        foreach (var example in examples)
            Require.Below(nameof(InMemoryDataset), example, 0, Count);
        for (var i = 0; i < _columns.Length; i++) _columns[i].Write(examples, target.Tensors[i]);
    }
}
