using DomainGuard.Data.Staff;
using DomainGuard.Web.Auth;
using Microsoft.AspNetCore.Identity;

namespace DomainGuard.Web.Features.SignIn;

internal static class SignInEndpoints
{
    /// <summary>Signing out is a form post with antiforgery, so that no picture on another page can do it.</summary>
    internal static void MapSignOut(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/signout", async ([Microsoft.AspNetCore.Mvc.FromForm] string? to, HttpContext http, SignInManager<GuardUser> signIn, RecordSignIn record) =>
        {
            if (http.User.Identity?.IsAuthenticated == true)
            {
                var by = StaffMember.Of(http.User, http.Connection.RemoteIpAddress?.ToString());
                await record.SignedOutAsync(by.Id, by.From, http.RequestAborted);
            }

            await signIn.SignOutAsync();
            return TypedResults.LocalRedirect(to is "/signin" or null ? "~/signin" : "~/");
        }).WithMetadata(new Microsoft.AspNetCore.Antiforgery.RequireAntiforgeryTokenAttribute()).AllowAnonymous();
}
