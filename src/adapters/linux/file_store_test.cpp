// The store: what survives tearing, rotting and losing files.
#include "adapters/linux/file_store.h"

#include <doctest/doctest.h>

#include "adapters/linux/test_support.h"

namespace mainstay::adapters {
namespace {

namespace fs = std::filesystem;

Bytes document(std::string_view text) { return {text.begin(), text.end()}; }

std::string loaded(Result<std::optional<Bytes>> result) {
  if (!result) return fmt::format("{}", to_text(result.error().code));
  return *result ? std::string(as_text(**result)) : "(nothing)";
}

// A directory to which the texts were saved one after the other.
struct Saved {
  TemporaryDirectory directory;
  Loop loop;

  explicit Saved(std::initializer_list<std::string_view> texts) {
    FileStore store(loop, path());
    REQUIRE(store.load());
    for (const auto text : texts) REQUIRE(finish(loop, store.save(document(text))));
  }
  fs::path path() const { return directory.path() / "state"; }
  fs::path file(const char* name) const { return path() / name; }
  std::string reload() {
    FileStore store(loop, path());
    return loaded(store.load());
  }
};

TEST_CASE("a new node has nothing, and what was saved last is found") {
  Saved fresh({});
  CHECK(fresh.reload() == "(nothing)");
  Saved saved({"one", "two", "three"});
  CHECK(saved.reload() == "three");
  CHECK(saved.reload() == "three");
}

TEST_CASE("saves asked for without waiting take effect in their order") {
  Saved saved({});
  {
    FileStore store(saved.loop, saved.path());
    REQUIRE(store.load());
    std::vector<Task<Status>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(store.save(document(std::to_string(i))));
    for (const auto& result : finish(saved.loop, when_all(std::move(tasks)))) CHECK(result);
  }
  CHECK(saved.reload() == "49");
}

TEST_CASE("a file changed in any byte, or cut or grown anywhere, gives the one before it") {
  Saved saved({"one", "two"});
  const std::string good = read_text(saved.file("state"));
  const std::string previous = read_text(saved.file("state.previous"));
  const auto expect_one = [&](const std::string& content) {
    write_text(saved.file("state"), content);
    write_text(saved.file("state.previous"), previous);
    FileStore store(saved.loop, saved.path());
    CHECK(loaded(store.load()) == "one");
    CHECK_FALSE(store.notice().empty());
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x40);
    expect_one(bad);
    expect_one(good.substr(0, i));
  }
  expect_one(good + "x");
  expect_one(std::string(2 * store_size_max, '\0'));
}

TEST_CASE("after a torn file the next save keeps the good one as the one before it") {
  Saved saved({"one", "two"});
  write_text(saved.file("state"), "torn");
  {
    FileStore store(saved.loop, saved.path());
    REQUIRE(loaded(store.load()) == "one");
    REQUIRE(finish(saved.loop, store.save(document("three"))));
  }
  CHECK(saved.reload() == "three");
  write_text(saved.file("state"), "torn again");
  CHECK(saved.reload() == "one");
}

TEST_CASE("a crash in the middle of a save is as if it had not been asked for") {
  Saved saved({"one", "two"});
  write_text(saved.file("state.new"), read_text(saved.file("state")).substr(0, 20));
  CHECK(saved.reload() == "two");
  Saved first({});
  write_text(first.file("state.new"), "half");
  CHECK(first.reload() == "(nothing)");
}

TEST_CASE("a crash between the two renames of a save loses nothing") {
  Saved saved({"one", "two", "three"});
  fs::rename(saved.file("state"), saved.file("state.new"));
  CHECK(saved.reload() == "three");
  CHECK(fs::exists(saved.file("state")));
  fs::remove(saved.file("state"));
  CHECK(saved.reload() == "two");
}

TEST_CASE("with no whole copy it says so and does not begin anew") {
  Saved saved({"one", "two"});
  write_text(saved.file("state"), "torn");
  write_text(saved.file("state.previous"), "");
  FileStore store(saved.loop, saved.path());
  const auto result = store.load();
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::corrupt);
  CHECK(result.error().message.find(saved.file("state").string()) != std::string::npos);
}

TEST_CASE("a torn first save is corrupt once it was whole") {
  Saved saved({"one"});
  write_text(saved.file("state"), "o");
  CHECK(saved.reload() == "corrupt");
}

TEST_CASE("a document at the limit is saved, one byte more is refused") {
  Saved saved({});
  FileStore store(saved.loop, saved.path());
  REQUIRE(store.load());
  CHECK(finish(saved.loop, store.save(Bytes(store_size_max, 1))));
  const auto refused = finish(saved.loop, store.save(Bytes(store_size_max + 1, 1)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::invalid);
}

TEST_CASE("a second process is kept out of the directory") {
  Saved saved({"one"});
  FileStore first(saved.loop, saved.path());
  REQUIRE(first.load());
  FileStore second(saved.loop, saved.path());
  CHECK(loaded(second.load()) == "conflict");
}

TEST_CASE("a save that cannot be written fails with the file's name, and the state stays") {
  Saved saved({"one"});
  {
    FileStore store(saved.loop, saved.path());
    REQUIRE(store.load());
    fs::create_directory(saved.file("state.new"));
    const auto result = finish(saved.loop, store.save(document("two")));
    REQUIRE_FALSE(result);
    CHECK(result.error().message.find("state.new") != std::string::npos);
    fs::remove(saved.file("state.new"));
  }
  CHECK(saved.reload() == "one");
}

TEST_CASE("the state is private to its owner") {
  Saved saved({"one"});
  const auto others = fs::perms::group_all | fs::perms::others_all;
  CHECK((fs::status(saved.file("state")).permissions() & others) == fs::perms::none);
  CHECK((fs::status(saved.path()).permissions() & others) == fs::perms::none);
}

}  // namespace
}  // namespace mainstay::adapters
