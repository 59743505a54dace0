using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Profiling;

internal sealed record Ones : Initializer
{
    public override void Fill(Tensor target, ulong seed, ulong stream) => target.Span<float>().Fill(1);
}
