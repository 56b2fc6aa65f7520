using Microsoft.AspNetCore.Identity;

namespace DomainGuard.Data.Staff;

/// <summary>A member of staff who may sign in to the console.</summary>
public sealed class GuardUser : IdentityUser<Guid>
{
    /// <summary>Name shown to colleagues, at most 200 characters.</summary>
    public required string DisplayName { get; set; }
}
