using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests.Summary;

public class ModelSummaryTests
{
    [Fact]
    public void The_table_lists_shapes_parameters_and_work_in_aligned_columns()
    {
        var context = new BuildContext(new Graph(), training: true);
        var model = new Sequential(new Conv2d(32, 5, padding: 2), new Relu(), new MaxPool2d(2), new GlobalAveragePool(), new Residual(new Linear(32)), new Linear(10, bias: false));
        context.Apply(model, context.Graph.Placeholder("x", DType.Float32, [Shape.Unknown, 1, 28, 28]));
        Assert.Equal(
            """
            layer                kind               output           parameters  FLOPs/example
            ----------------------------------------------------------------------------------
            conv2d               Conv2d             [?, 32, 28, 28]         832      1,254,400
            relu                 Relu               [?, 32, 28, 28]           -              -
            max_pool2d           MaxPool2d          [?, 32, 14, 14]           -              -
            global_average_pool  GlobalAveragePool  [?, 32]                   -              -
            residual             Residual           [?, 32]                   -              -
            residual/linear      Linear             [?, 32]               1,056          2,048
            linear               Linear             [?, 10]                 320            640
            ----------------------------------------------------------------------------------
            total                                                         2,208      1,257,088
            """, string.Join('\n', ModelSummary.Lines(context.Records)));
    }
}
