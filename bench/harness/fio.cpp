#include "harness/fio.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/process.h"

namespace mainstay::bench {

Result<LoadResult> read_fio(const std::string& text, bool reads) {
  using nlohmann::json;
  // It may say something for people first.
  const auto begin = text.find('{');
  const json document =
      begin == std::string::npos ? json() : json::parse(text.substr(begin), nullptr, false);
  const json::json_pointer job(reads ? "/jobs/0/read" : "/jobs/0/write");
  const json::json_pointer p99("/clat_ns/percentile/99.000000");
  if (!document.is_object() || !document.contains(job) || !document[job].contains(p99)) {
    return failure(Code::corrupt, "fio: its answer has no such job");
  }
  const json& found = document[job];
  if (found.value("total_ios", 0) == 0) return failure(Code::unavailable, "fio: it did nothing");
  return LoadResult{.per_second = found.value("iops", 0.0),
                    .bytes_per_second = found.value("bw_bytes", 0.0),
                    .p99_us = found[p99].get<double>() / 1e3};
}

Result<LoadResult> run_fio(const FioLoad& load) {
  Command command{
      .argv = {"fio", "--name=load", "--output-format=json", "--direct=1",
               "--filename=" + load.path, "--allow_file_create=0", "--overwrite=1",
               "--rw=" + load.pattern, fmt::format("--size={}", load.size),
               fmt::format("--bs={}", load.request), fmt::format("--iodepth={}", load.depth),
               load.depth > 1 ? "--ioengine=libaio" : "--ioengine=psync", "--norandommap",
               "--randrepeat=0", "--time_based", fmt::format("--runtime={}ms", load.length / 1ms)},
      .patience = load.length + 60s};
  if (load.flush) command.argv.emplace_back("--fdatasync=1");
  const auto output = output_of(command);
  if (!output) return std::unexpected(output.error());
  return read_fio(*output, load.pattern.ends_with("read"));
}

}  // namespace mainstay::bench
