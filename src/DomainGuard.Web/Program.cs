using DomainGuard.Web.Hosting;

return await CommandLine.RunAsync(args);
