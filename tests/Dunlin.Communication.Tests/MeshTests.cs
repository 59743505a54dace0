using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication.Tests;

public sealed class MeshTests
{
    [Fact]
    public void Lines_along_an_axis_differ_in_that_coordinate_only() => LocalRanks.Run(12, comm =>
    {
        using var mesh = Mesh.Create(comm, ("data", 2), ("pipe", 3), ("tensor", 2));
        var place = (mesh.Coordinate("data"), mesh.Coordinate("pipe"), mesh.Coordinate("tensor"));
        Assert.Equal(comm.Rank, place.Item1 * 6 + place.Item2 * 2 + place.Item3);
        Assert.Equal([2, 3, 2], mesh.AxisNames.Select(mesh.AxisSize));

        var line = Tensor.Zeros(DType.Int32, [3]);
        mesh.Axis("pipe").AllGather(Tensor.From([comm.Rank]), line);
        Assert.Equal(Enumerable.Range(0, 3).Select(p => place.Item1 * 6 + p * 2 + place.Item3), line.ToArray<int>());
    });

    [Theory]
    [InlineData(2, 2, "data 2 × pipe 2 has 4 places for 3 ranks")]
    [InlineData(3, 0, "\"pipe\" has length 0")]
    [InlineData(65536, 65536, "places for 3 ranks")]
    public void Axes_that_do_not_fit_the_ranks_are_an_error(int data, int pipe, string message) => LocalRanks.Run(3, comm =>
        Assert.Contains(message, Assert.Throws<CommunicationException>(() => Mesh.Create(comm, ("data", data), ("pipe", pipe))).Message));

    [Fact]
    public void A_single_rank_has_axes_of_length_one()
    {
        using var mesh = Mesh.Single("data", "pipe");
        var tensor = Tensor.From([3f]);
        mesh.Axis("data").AllReduce(tensor);
        Assert.Equal((1, 0, 3f), (mesh.AxisSize("pipe"), mesh.Coordinate("pipe"), tensor.Item<float>()));
        Assert.Contains("data 1 × pipe 1 has no axis \"tensor\"", Assert.Throws<CommunicationException>(() => mesh.Axis("tensor")).Message);
    }
}
