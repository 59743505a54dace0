namespace Dunlin.Cli.Tests.Configuration;

public sealed class ErrorTests : IDisposable
{
    private readonly CommandRunner _dunlin = new();

    public void Dispose() => _dunlin.Dispose();

    [Theory]
    [InlineData("""{"training": {"epohcs": 3}}""", "my.json: unknown key \"training.epohcs\"; did you mean \"epochs\"?")]
    [InlineData("""{"trainnig": {}}""", "my.json: unknown key \"trainnig\"; did you mean \"training\"?")]
    [InlineData("""{"training": {"epochs": "many"}}""", "my.json: \"training.epochs\" must be a whole number of at least 1, got \"many\".")]
    [InlineData("""{"training": {"epochs": 0}}""", "my.json: \"training.epochs\" must be a whole number of at least 1, got \"0\".")]
    [InlineData("""{"strategy": {"workers": 100000}}""", "\"strategy.workers\" must be a whole number from 1 to 1024, got \"100000\".")]
    [InlineData("""{"strategy": {"sharding": "full"}}""", "\"strategy.sharding\" must be none, optimizer, gradients or parameters, got \"full\".")]
    [InlineData("""{"strategy": {"sharding": "gradients", "compression": "top-k"}}""", "\"strategy.compression\" must be none, bfloat16 or float16 where sharding is gradients or parameters, since top-k chooses among whole gradients, got \"top-k\".")]
    [InlineData("""{"profile": {"steps": 0}}""", "my.json: \"profile.steps\" must be a whole number of at least 1, got \"0\".")]
    [InlineData("""{"profile": {"skip": -1}}""", "my.json: \"profile.skip\" must be a whole number of at least 0, got \"-1\".")]
    [InlineData("""{"profile": {"enable": true}}""", "my.json: unknown key \"profile.enable\"; did you mean \"enabled\"?")]
    [InlineData("""{"training": [1]}""", "my.json: \"training\" must be an object with keys, got a list.")]
    [InlineData("""{"run": {"resume": "perhaps"}}""", "my.json: \"run.resume\" must be true or false, got \"perhaps\".")]
    [InlineData("""{"optimizer": "adma"}""", "my.json: \"optimizer\": there is no optimizer \"adma\"; did you mean \"adam\"?")]
    [InlineData("""{"optimizer": "newton"}""", "my.json: \"optimizer\": there is no optimizer \"newton\"; known: sgd, momentum, nesterov, adagrad, adagrad-da, adadelta,")]
    [InlineData("""{"optimizer": {"name": "ftrl", "initial": 0}}""", "my.json: \"optimizer\": Ftrl: Initial is above 0, not 0.")]
    [InlineData("""{"optimizer": {"beta1": 2}}""", "my.json: \"optimizer.beta1\" must be a number from 0 to 1, got \"2\".")]
    [InlineData("""{"model": [{"linear": {"featurs": 3}}]}""", "my.json: the key \"model.layers[0].features\" is missing; was \"featurs\" meant to be it?")]
    [InlineData("""{"model": ["flatten", {"linear": 10}, {"relu": 3}]}""", "my.json: \"model.layers[2]\" has no options, so it can't be given a value.")]
    [InlineData("""{"model": [{"conv2d": {"filters": 4, "padding": "some"}}]}""", "my.json: \"model.layers[0].padding\" must be \"same\", \"valid\" or a number for all sides, got \"some\".")]
    [InlineData("""{"model": [{"conv2d": {"filters": 4, "groups": 3}}]}""", "my.json: \"model.layers[0]\": Conv2d: groups is a divisor of the 4 output channels, not 3.")]
    [InlineData("""{"model": [{"max-pool2d": 2}, {"flatten": {}}, {"max-pool2d": 2}]}""", "Layer max_pool2d_1 (MaxPool2d) applied to Float32[?, 196]")]
    [InlineData("""{"model": [{"linear": 10}]}""", "Int64[?]")]
    [InlineData("""{"training": {"batchSize": null}, "loss": "squared"}""", "The loss compares predictions [?, 10]")]
    [InlineData("""{"training": {"monitor": "acuracy"}}""", "\"training.monitor\" must be one of loss, accuracy, got \"acuracy\".")]
    [InlineData("""{"training": {"precision": "double"}}""", "my.json: \"training.precision\" must be float32 or bfloat16, got \"double\".")]
    [InlineData("""{"training": {"precision": "float16"}}""", "BFloat16 has the range of Float32 and needs no scaling.")]
    [InlineData("""{"training": {"largeVariables": "big", "largeVariablesFrom": 0}}""", "my.json: \"training.largeVariablesFrom\" must be a whole number of at least 1, got \"0\".")]
    [InlineData("""{"training": {"largeVariablesFrom": 9}}""", "my.json: \"training.largeVariablesFrom\" must be left out where largeVariables names no directory, got \"9\".")]
    [InlineData("""{"training": {"epochs": 1, "epochs": 2}}""", "my.json: is not JSON")]
    [InlineData("{\n\"training\": oops}", "my.json: line 2: is not JSON")]
    [InlineData("""[1]""", "my.json: expected a JSON object in braces.")]
    public void A_wrong_file_is_refused_by_source_key_and_expectation(string json, string message)
    {
        _dunlin.Write("my.json", json);
        Assert.Contains(message, _dunlin.Fail(ExitCode.Usage, "train", "tiny", "--config", "my.json"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_dunlin.Directory, "runs")));
    }

    [Theory]
    [InlineData("DUNLIN__Training__Epohcs", "3", "DUNLIN__Training__Epohcs: unknown key \"Training.Epohcs\"; did you mean \"epochs\"?")]
    [InlineData("DUNLIN__Training__Epochs", "x", "DUNLIN__Training__Epochs: \"training.epochs\" must be")]
    [InlineData("DUNLIN__Training____Epochs", "1", "DUNLIN__Training____Epochs: expected a section and a key")]
    [InlineData("DUNLIN_KERNELS", "fast", "There is no kernel set 'fast'")]
    [InlineData("DUNLIN_NUM_THREADS", "x", "DUNLIN_NUM_THREADS=x")]
    public void A_wrong_variable_is_refused_by_its_name(string name, string value, string message)
    {
        _dunlin.Environment[name] = value;
        Assert.Contains(message, _dunlin.Fail(ExitCode.Usage, "train", "tiny"), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("train", "tyni", "There is neither a file nor a recipe \"tyni\"; did you mean \"tiny\"?")]
    [InlineData("train", "absent.json", "absent.json: can't be read")]
    [InlineData("evaluate", "absent", "absent: there is no such run or checkpoint.")]
    [InlineData("inspect", "absent", "there is no such run or checkpoint.")]
    [InlineData("trian", "tiny", "there is no command \"trian\"; did you mean \"train\"?")]
    [InlineData("train", "--epocs=3", "--epocs")]
    [InlineData("train", "--epochs=x", "Nothing to train")]
    public void A_wrong_command_line_exits_with_2(string first, string second, string message) =>
        Assert.Contains(message, _dunlin.Fail(ExitCode.Usage, first, second), StringComparison.Ordinal);

    [Fact]
    public void Large_variables_need_a_directory_that_is_there()
    {
        string[] command = ["train", "tiny", "--epochs", "1", "--workers", "1", "--set", "training.largeVariablesFrom=10000", "--set", "training.largeVariables=big"];
        Assert.Matches(@"dunlin: .*The variable .*/weight Float32\[.*\]: A file of [0-9,]+ bytes, to be mapped into memory, can't be made in .*big: there is no such directory\.", _dunlin.Fail(ExitCode.Failed, command));
        Directory.Delete(Path.Combine(_dunlin.Directory, "runs"), recursive: true);
        Directory.CreateDirectory(Path.Combine(_dunlin.Directory, "big"));
        _dunlin.Succeed(command);
    }

    [Fact]
    public void A_process_of_many_never_trains_alone()
    {
        (_dunlin.Environment["OMPI_COMM_WORLD_RANK"], _dunlin.Environment["OMPI_COMM_WORLD_SIZE"]) = ("1", "4");
        Assert.Contains("The launcher (OpenMpi) says that this is rank 1 of 4, but ", _dunlin.Fail(ExitCode.Usage, "train", "tiny"), StringComparison.Ordinal);
        _dunlin.Environment.Remove("OMPI_COMM_WORLD_RANK");
        Assert.Contains("OMPI_COMM_WORLD_SIZE is set but OMPI_COMM_WORLD_RANK is not", _dunlin.Fail(ExitCode.Usage, "train", "tiny"), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_errors_come_from_is_shown_on_request_only()
    {
        Assert.DoesNotContain("   at ", _dunlin.Fail(ExitCode.Usage, "train", "tyni"), StringComparison.Ordinal);
        Assert.Contains("   at ", _dunlin.Fail(ExitCode.Usage, "train", "tyni", "--debug"), StringComparison.Ordinal);
    }
}
