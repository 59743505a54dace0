namespace Dunlin.Graphs;

/// <summary>
/// Which variables lie in files instead of memory. The files are mapped, so that all works as before; the system keeps in RAM what is in use, as far as there is room, and writes the rest to disk. The files have no names: nothing is to be
/// removed, also when the process is killed.
/// </summary>
/// <param name="Directory">Where the files lie: on a disk with room for all of them, which is reserved when a variable is first needed. A directory that is memory itself, as <c>/dev/shm</c> and often <c>/tmp</c> are, saves none.</param>
public sealed record LargeVariables(string Directory)
{
    /// <summary>Variables of so many bytes and more lie there.</summary>
    /// <value>At least 1; 64 MiB unless set.</value>
    public long FromBytes { get; init => field = Require.AtLeast(nameof(LargeVariables), value, 1L); } = 64 << 20;

    /// <summary>Where the files lie.</summary>
    /// <value>Not blank.</value>
    public string Directory { get; init => field = Require.NotBlank(nameof(LargeVariables), value); } = Require.NotBlank(nameof(LargeVariables), Directory, nameof(Directory));

    internal Tensor Map(Variable variable)
    {
        try { return Tensor.Mapped(variable.TensorType.Type, variable.TensorType.Shape, Directory); }
        catch (DunlinException e)
        {
            e.At(variable.Name, $"The variable {variable}");
            throw;
        }
    }
}
