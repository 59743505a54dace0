using System.Diagnostics;
using Dunlin.Samples.LazyTraining;
using Dunlin.Training.Reports;

var options = Options.Parse(args);
var spectrum = DataModel.ExponentialSpectrum(options.Size, options.Seed);
var clock = Stopwatch.StartNew();
Chart[] charts = [.. new (string Title, DataModel Model)[] { ("Quadratic function", new QuadraticFunction(spectrum)), ("Mixture of Gaussians", new GaussianMixture(spectrum)) }.Select(task =>
{
    var run = new LazyTrainingRun(task.Model, options);
    var places = run.Execute(place => Console.Error.WriteLine($"{LazyTrainingRun.Name(place.Regime)} N = {place.Neurons}: exact {place.Exact:0.0000}, SGD {place.Dot!.Risk:0.0000} after {place.Dot.Steps:N0} steps ({clock.Elapsed.TotalSeconds:0} s)"));
    Console.WriteLine($"{task.Title}: d = {options.Size}, squared norm {task.Model.SquaredNorm:0.000}, t = {task.Model.Isotropy:0.000}; risks as shares of the best constant's\n\n{run.Table(places)}");
    return run.Chart(task.Title, places);
})];
Charts.Write(options.Picture, $"Prediction risk, d = {options.Size}: random features, neural tangent, full training", charts);
Console.WriteLine($"{options.Picture} ({clock.Elapsed.TotalSeconds:0} s)");
