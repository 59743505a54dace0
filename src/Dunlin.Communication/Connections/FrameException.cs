namespace Dunlin.Communication;

/// <summary>Bytes that are no frame, or a frame that is not what the receiver expects: they come from another program or another version, or were damaged.</summary>
internal sealed class FrameException(string message) : DunlinException(message);

/// <summary>A connection is gone or does not answer; what was under way may be tried again on another one.</summary>
internal sealed class ConnectionLostException(string message, Exception? inner = null) : DunlinException(message, inner);

/// <summary>The other side does not do what it was asked.</summary>
/// <param name="reason">Why, in its words.</param>
/// <param name="mayPass">Whether it may do it a little later.</param>
internal sealed class RefusedException(string reason, bool mayPass = false) : DunlinException(reason)
{
    /// <summary>Whether it may do it a little later.</summary>
    public bool MayPass => mayPass;
}
