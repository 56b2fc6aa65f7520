namespace DomainGuard.Web.Hosting;

internal static partial class BootstrapLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "RDAP servers: {Problem}")]
    public static partial void NotFresh(ILogger logger, string problem);
}
