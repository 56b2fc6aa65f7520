using DomainGuard.Core.Domains;

namespace DomainGuard.Lookups;

/// <summary>Making failures.</summary>
internal static class Observations
{
    /// <summary>The same question without an answer. The words are cut to 500 characters; no raw answer is kept of it.</summary>
    internal static Observation Fails(this Observation asked, FailureKind kind, string error) => asked with
    {
        Outcome = Outcome.Failure,
        Failure = kind,
        Error = error.Length > 500 ? error[..500] : error,
        Raw = default,
    };
}
