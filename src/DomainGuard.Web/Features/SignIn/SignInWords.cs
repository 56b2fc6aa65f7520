using System.Globalization;
using DomainGuard.Web.Shared;

namespace DomainGuard.Web.Features.SignIn;

/// <summary>What the sign-in pages say.</summary>
internal static class SignInWords
{
    public static string Of(SignInStep step, string wrong) => step switch
    {
        SignInStep.Waiting waiting => $"Too many attempts. Locked until {waiting.Until.UtcDateTime.ToString("HH:mm", CultureInfo.InvariantCulture)} UTC.",
        SignInStep.Locked => "This account is locked. An administrator unlocks it.",
        SignInStep.StartAgain => "The first step is too long ago. Sign in again.",
        SignInStep.Wrong { Left: > 0 } left => $"{wrong} {Words.Count(left.Left, "try", "tries")} left, then locked for 15 minutes.",
        _ => wrong,
    };

    /// <summary>What single sign-on ended with: the words for a code in the address; unknown codes say nothing.</summary>
    public static string? OfSingleSignOn(string? code) => code switch
    {
        "role" => "Single sign-on knows you, but none of your groups there opens this console. Whoever runs the provider maps groups to roles.",
        "locked" => "This account is locked. An administrator unlocks it.",
        "failed" => "Single sign-on did not work. Try again; the log of the server says why.",
        _ => null,
    };
}
