namespace DomainGuard.Web.Features.Triage;

/// <summary>Cases changed, and that is committed.</summary>
/// <param name="CaseIds">Which; empty when a batch was decided, whatever it holds.</param>
/// <param name="By">Who; null for the machine and for keys of the API.</param>
internal sealed record CasesChanged(IReadOnlyList<long> CaseIds, Guid? By);

/// <summary>Tells open pages of this process that cases changed. Pages served by other nodes find out by asking the database now and then.</summary>
internal sealed partial class CaseNotifier(ILogger<CaseNotifier> log)
{
    /// <summary>Raised after the commit, on the thread of whoever decided: a page hands it over to its own circuit and returns.</summary>
    public event Action<CasesChanged>? Changed;

    /// <summary>Raises it. A page that fails takes nothing from the decision, nor from the other pages.</summary>
    public void Raise(IReadOnlyList<long> caseIds, Guid? by)
    {
        foreach (var listener in Delegate.EnumerateInvocationList(Changed))
        {
            try
            {
                listener(new CasesChanged(caseIds, by));
            }
            catch (Exception e)
            {
                Log.Failed(log, e);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A page failed when it was told that cases changed")]
        public static partial void Failed(ILogger logger, Exception problem);
    }
}
