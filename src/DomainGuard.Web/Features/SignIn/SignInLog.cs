namespace DomainGuard.Web.Features.SignIn;

/// <summary>Messages of the sign-in page (a source generator does not see into .razor files).</summary>
internal static partial class SignInLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "A member of staff signed in")]
    public static partial void SignedIn(ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A sign-in was refused; locked out: {LockedOut}")]
    public static partial void Refused(ILogger logger, bool lockedOut);
}
