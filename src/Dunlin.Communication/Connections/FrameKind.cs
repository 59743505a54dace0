namespace Dunlin.Communication;

/// <summary>What a <see cref="FrameHeader">frame</see> is for.</summary>
internal enum FrameKind : byte
{
    /// <summary>The first frame of who connects: who it is, and a number drawn for this connection.</summary>
    Hello = 1,
    /// <summary>The answer: another drawn number.</summary>
    Challenge,
    /// <summary>Who connects knows the token.</summary>
    Proof,
    /// <summary>So does who listens.</summary>
    Welcome,
    /// <summary>The other side does not do what it is asked; the text says why.</summary>
    Refused,
    /// <summary>What was asked for is not possible yet; the text says whom one waits for. Another frame follows.</summary>
    Waiting,
    /// <summary>What was asked for is done.</summary>
    Done,
    /// <summary>Describes the model that the worker learns.</summary>
    Join,
    /// <summary>Brings the first weights and the optimiser's state.</summary>
    Initialize,
    /// <summary>Asks where the run began, once there are weights.</summary>
    Begin,
    /// <summary>Brings a gradient, asks for weights, or both.</summary>
    Call,
    /// <summary>Asks whether the server is at work for nobody now.</summary>
    Probe,
    /// <summary>Asks for all that the server holds.</summary>
    Collect,
    /// <summary>Asks all workers to stop.</summary>
    Stop,
    /// <summary>The worker has done its last step.</summary>
    Leave,
    /// <summary>Asks whether all have.</summary>
    AwaitAll,
    /// <summary>The worker can't go on, nor can the run.</summary>
    Fail,
    /// <summary>The worker needs the server no more.</summary>
    Farewell,
    /// <summary>Asks for rows of tables: the numbers of the slices, and for each the numbers of its rows.</summary>
    Rows,
    /// <summary>Asks for a piece of the data to compute.</summary>
    Piece,
    /// <summary>Has the server compute with vectors.</summary>
    Vectors,
    /// <summary>Asks about classes whose weights are there: for sums of a softmax over them, its gradients or their scores.</summary>
    Classes,
}
