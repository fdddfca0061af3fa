#include "adapters/aws/profile.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace mainstay::aws {
namespace {

Ini ini(std::string_view text) { return parse_ini(text, "file").value(); }

// Of the profile in a config file.
Result<Recipe> recipe(std::string_view config, const std::string& name = "p") {
  return recipe_of(merge_profiles(ini(config), {}), name);
}

TEST_CASE("sections, keys, comments and nested settings are read as AWS's tools read them") {
  const Ini read =
      ini("# a comment\n"
          "; another\r\n"
          "[default]\n"
          "Region = eu-west-1   # why not\n"
          "  \n"
          "output=json\n"
          "s3 =\n"
          "  max_concurrent_requests = 20\n"
          "\tregion = nowhere\n"
          "[ profile  other ]\n"
          "region = a=b#c\n"
          "empty =\n"
          "region = later\n");
  CHECK(read == Ini{{"default",
                     {{"region", "eu-west-1"},
                      {"output", "json"},
                      {"s3", ""},
                      {"s3.max_concurrent_requests", "20"},
                      {"s3.region", "nowhere"}}},
                    {"profile  other", {{"region", "later"}, {"empty", ""}}}});
  CHECK(ini("").empty());
  CHECK(ini("[a]").at("a").empty());
}

TEST_CASE("a wrong line is named by its number and not by its text") {
  for (const char* text : {"[a]\n\nsecret\n", "[a]\n#\n[secret\n", "#\n#\nkey = secret\n",
                           "[a]\nb=1\n= secret", "[a]\n\n[ ]"}) {
    CAPTURE(text);
    const auto read = parse_ini(text, "~/.aws/config");
    REQUIRE(!read.has_value());
    CHECK(read.error().code == Code::invalid);
    CHECK(read.error().message.starts_with("~/.aws/config: line "));
    CHECK(read.error().message.find("secret") == std::string::npos);
  }
  CHECK(parse_ini("[a]\n\nsecret\n", "f").error().message.starts_with("f: line 3 "));
}

TEST_CASE("the credentials file counts where both files speak") {
  const Profiles profiles = merge_profiles(ini("[default]\nregion=r\naws_access_key_id=old\n["
                                               "profile p]\nregion=q\n[sso-session s]\nx=1\n"
                                               "[p]\nregion=not a profile here\n"),
                                           ini("[default]\naws_access_key_id=new\n[only]\nx=1\n"));
  CHECK(profiles == Profiles{{"default", {{"region", "r"}, {"aws_access_key_id", "new"}}},
                             {"p", {{"region", "q"}}},
                             {"only", {{"x", "1"}}}});
}

TEST_CASE("a profile may have keys, or a program that prints them") {
  const auto keys =
      recipe("[profile p]\naws_access_key_id=A\naws_secret_access_key=S\naws_session_token=T\n");
  CHECK(std::get<Credentials>(keys.value()) == Credentials{"A", "S", "T", std::nullopt});
  const auto program = recipe("[profile p]\ncredential_process = /bin/give me\n");
  CHECK(std::get<FromProgram>(program.value()).command == "/bin/give me");
}

TEST_CASE("a profile without credentials, or none at all, is not found") {
  CHECK(recipe("[profile p]\nregion=r\n").error().code == Code::not_found);
  CHECK(recipe("[profile q]\n").error().code == Code::not_found);
}

TEST_CASE("half a pair of keys is wrong, and the message does not show it") {
  const auto half = recipe("[profile p]\naws_secret_access_key=hush\n");
  CHECK(half.error().code == Code::invalid);
  CHECK(half.error().message.find("hush") == std::string::npos);
}

TEST_CASE("what needs a person is refused with what to do instead") {
  for (const char* key : {"sso_session", "sso_start_url", "mfa_serial", "sso_account_id"}) {
    CAPTURE(key);
    const auto refused = recipe(fmt::format("[profile p]\n{} = x\n", key));
    CHECK(refused.error().code == Code::invalid);
    CHECK(refused.error().message.find(key) != std::string::npos);
    CHECK(refused.error().message.find("Use the instance's IAM role") != std::string::npos);
  }
}

TEST_CASE("a role is taken on with the credentials of another profile") {
  const auto found = recipe(
      "[profile p]\nrole_arn=arn:r\nsource_profile=s\nexternal_id=e\nduration_seconds=900\n"
      "[profile s]\nrole_arn=arn:s\ncredential_source=Ec2InstanceMetadata\n");
  const auto role = std::get<std::shared_ptr<const FromRole>>(found.value());
  CHECK(role->role_arn == "arn:r");
  CHECK(role->external_id == "e");
  CHECK(role->session_name == "mainstay");
  CHECK(role->duration_s == 900);
  const auto source = std::get<std::shared_ptr<const FromRole>>(role->source);
  CHECK(source->role_arn == "arn:s");
  CHECK(std::holds_alternative<FromInstance>(source->source));
}

TEST_CASE("a profile may take on a role with its own keys") {
  const auto found = recipe(
      "[profile p]\nrole_arn=arn:r\nsource_profile=p\naws_access_key_id=A\n"
      "aws_secret_access_key=S\n");
  const auto role = std::get<std::shared_ptr<const FromRole>>(found.value());
  CHECK(std::get<Credentials>(role->source).access_key == "A");
}

TEST_CASE("a role without a way to it is wrong, and says why") {
  const auto fact = [](std::string_view text) {
    const auto found = recipe(fmt::format("[profile p]\nrole_arn=arn:r\n{}", text));
    CHECK(found.error().code == Code::invalid);
    return found.error().message;
  };
  CHECK(fact("").find("must have either") != std::string::npos);
  CHECK(fact("source_profile=s\ncredential_source=Environment\n").find("must have either") !=
        std::string::npos);
  CHECK(fact("credential_source=Elsewhere\n").find("not known") != std::string::npos);
  CHECK(fact("source_profile=none\n").find("no AWS profile 'none'") != std::string::npos);
  CHECK(fact("source_profile=q\n[profile q]\nrole_arn=x\nsource_profile=p\n")
            .find("back to itself") != std::string::npos);
  for (const char* seconds : {"899", "43201", "an hour", "900s"}) {
    CHECK(fact(fmt::format("source_profile=s\nduration_seconds={}\n", seconds))
              .find("duration_seconds") != std::string::npos);
  }
}

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "mainstay-aws-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
    std::filesystem::create_directory(path / ".aws");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const char* name, std::string_view text) { std::ofstream(path / name) << text; }
};

TEST_CASE("the files are where the environment says") {
  Folder home;
  home.write(".aws/config", "[default]\nregion=from-home\n");
  home.write("elsewhere", "[default]\nregion=from-elsewhere\n");
  Environment environment = {{"HOME", home.path.string()}};
  CHECK(read_profiles(environment)->at("default").at("region") == "from-home");
  environment["AWS_CONFIG_FILE"] = "~/elsewhere";
  CHECK(read_profiles(environment)->at("default").at("region") == "from-elsewhere");
  environment["AWS_CONFIG_FILE"] = (home.path / "none").string();
  CHECK(read_profiles(environment)->empty());
  CHECK(read_profiles({})->empty());
}

TEST_CASE("a file that is far too large is not read") {
  Folder home;
  home.write(".aws/credentials", std::string(ini_size_max + 1, '#'));
  CHECK(read_profiles({{"HOME", home.path.string()}}).error().code == Code::invalid);
  home.write(".aws/credentials", std::string(ini_size_max, '#'));
  CHECK(read_profiles({{"HOME", home.path.string()}}).has_value());
}

}  // namespace
}  // namespace mainstay::aws
