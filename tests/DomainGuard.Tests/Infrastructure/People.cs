using DomainGuard.Web.Auth;

namespace DomainGuard.Tests.Infrastructure;

/// <summary>Members of staff with one role each, for operations that ask who asks.</summary>
internal static class People
{
    public static StaffMember Administrator { get; } = Make(1, Roles.Administrator);

    public static StaffMember Analyst { get; } = Make(2, Roles.Analyst);

    public static StaffMember Auditor { get; } = Make(3, Roles.Auditor);

    /// <summary>Somebody whose roles were taken away.</summary>
    public static StaffMember Nobody { get; } = Make(4);

    private static StaffMember Make(int n, params string[] roles) =>
        new(new Guid($"01990000-0000-7000-8000-{n:d12}"), roles.FirstOrDefault() ?? "Nobody", roles.ToHashSet(StringComparer.Ordinal), "192.0.2.1");
}
