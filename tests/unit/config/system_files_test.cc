// The machine's own files: what is none is refused, not read as an empty configuration.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "catch.h"
#include "cli/load.h"
#include "config/files.h"

namespace weir {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
    return file(name);
  }

 private:
  std::string path_;
};

std::vector<std::string> lines_of(const Loaded& loaded) {
  std::vector<std::string> out;
  for (const Diagnostic& finding : loaded.diagnostics) {
    out.push_back(finding.line());
  }
  return out;
}

TEST_CASE("a folder, a missing file and a pipe are errors of the file as a whole") {
  const Folder folder;
  const std::string pipe = folder.file("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  std::filesystem::create_directory(folder.file("d"));
  const auto error = [](const std::string& file, const std::string& text) {
    return std::vector<std::string>{file + ": error: cannot be read: " + text};
  };
  CHECK(lines_of(load(folder.file("d"))) == error(folder.file("d"), "it is a directory"));
  CHECK(lines_of(load(folder.file("x"))) == error(folder.file("x"), "there is no such file"));
  CHECK(lines_of(load(pipe)) == error(pipe, "it is not a regular file"));
  CHECK_FALSE(load(pipe).configuration);
}

TEST_CASE("an empty file is a configuration: all defaults, no rules") {
  const Folder folder;
  const auto loaded = load(folder.write("weir.ini", ""));
  CHECK(loaded.diagnostics.empty());
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->gateway.port == 50080);
  CHECK(loaded.configuration->gateway.default_use == "transparent");
  CHECK(loaded.configuration->timeouts.tcp_idle == std::chrono::minutes(124));
  CHECK(loaded.configuration->limits.buffer == 64 * 1024);
  CHECK(loaded.configuration->dns.servers.empty());
  CHECK(loaded.configuration->admin.socket == "/run/weir/control.sock");
}

TEST_CASE("a file that is no configuration by its size is refused") {
  const Folder folder;
  const std::string path = folder.write("weir.ini", "");
  std::filesystem::resize_file(path, (std::uintmax_t{64} << 20U) + 1);
  CHECK(lines_of(load(path)) ==
        std::vector<std::string>{path + ": error: cannot be read: it is larger than 64MiB"});
}

TEST_CASE("patterns find files in the order of their names, beside the file that has them") {
  const Folder folder;
  std::filesystem::create_directory(folder.file("[odd] d"));
  folder.write("[odd] d/2.ini", "[rule b]\non = tcp/2\nuse = direct\n");
  folder.write("[odd] d/1.ini", "[rule a]\non = tcp/1\nuse = direct\n");
  const auto loaded =
      load(folder.write("[odd] d/weir.conf", "[gateway]\ninclude = *.ini\ninclude = none/*.ini\n"));
  CHECK(lines_of(loaded).empty());
  REQUIRE(loaded.configuration);
  REQUIRE(loaded.configuration->rules.size() == 2);
  CHECK(loaded.configuration->rules[0].name == "a");
}

TEST_CASE("a pattern that finds a folder says so") {
  const Folder folder;
  std::filesystem::create_directories(folder.file("d/sub.ini"));
  const auto path = folder.write("weir.ini", "[gateway]\ninclude = d/*\n");
  CHECK(lines_of(load(path)) ==
        std::vector<std::string>{path + ":2: error: cannot read '" + folder.file("d/sub.ini") +
                                 "': it is a directory"});
}

}  // namespace
}  // namespace weir
