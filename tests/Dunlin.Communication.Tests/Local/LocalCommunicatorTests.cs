using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication.Tests;

public sealed class LocalCommunicatorTests : CommunicatorContract
{
    protected override void OnRanks(int size, Action<ICommunicator> body, TimeSpan timeout) =>
        LocalRanks.Run(size, body, new LocalOptions { Timeout = timeout });
}
