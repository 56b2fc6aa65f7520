namespace DomainGuard.Core.Scheduling;

/// <summary>
/// The clock of everything that is judged or due: phases, next checks, budgets, history. It can be moved in a demonstration, and is therefore
/// never registered as <see cref="TimeProvider"/>, which serves leases, rates, time-outs and cookies. Core itself never asks it: "now" is an argument.
/// </summary>
public abstract class GuardClock
{
    /// <summary>Now, UTC.</summary>
    public abstract DateTimeOffset Now { get; }
}
