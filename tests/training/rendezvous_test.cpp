#include "training/rendezvous.h"

#include <gtest/gtest.h>

#include <map>

#include "core/error.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

using Variables = std::map<std::string, std::string>;

std::optional<Rendezvous> find(const Variables& variables) {
  return find_rendezvous([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

const Variables kTorchrun = {{"RANK", "3"},
                             {"WORLD_SIZE", "4"},
                             {"LOCAL_RANK", "1"},
                             {"MASTER_ADDR", "node1"},
                             {"MASTER_PORT", "29501"}};

Variables with(Variables variables, const std::string& name, const std::string& value) {
  variables[name] = value;
  return variables;
}
Variables without(Variables variables, const std::string& name) {
  variables.erase(name);
  return variables;
}

TEST(Rendezvous, OfTorchrun) {
  const auto r = find(kTorchrun).value();
  EXPECT_EQ(r.rank, 3);
  EXPECT_EQ(r.size, 4);
  EXPECT_EQ(r.local_rank, 1);
  EXPECT_EQ(r.address, "node1");
  EXPECT_EQ(r.port, 29501);
  EXPECT_TRUE(r.serves_store);
  EXPECT_FALSE(find(with(kTorchrun, "TORCHELASTIC_USE_AGENT_STORE", "True"))->serves_store);
}

TEST(Rendezvous, OneProcessIsAlone) {
  EXPECT_FALSE(find({}));
  EXPECT_FALSE(find({{"WORLD_SIZE", "1"}, {"RANK", "0"}}));
  EXPECT_FALSE(find({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}})) << "a batch script, not srun";
}

TEST(Rendezvous, OfMpirunOnOneMachine) {
  const Variables mpirun = {{"OMPI_COMM_WORLD_RANK", "1"},
                            {"OMPI_COMM_WORLD_SIZE", "2"},
                            {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                            {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                            {"PMIX_NAMESPACE", "12345"}};
  const auto r = find(mpirun).value();
  EXPECT_EQ(r.address, "127.0.0.1");
  EXPECT_GE(r.port, 20000);
  EXPECT_EQ(find(with(mpirun, "OMPI_COMM_WORLD_RANK", "0"))->port, r.port);
  EXPECT_CONTAINS(message_of<UsageError>([&] { find(with(mpirun, "OMPI_COMM_WORLD_LOCAL_SIZE", "1")); }),
                  "MASTER_ADDR is not set in the environment, but OMPI_COMM_WORLD_SIZE=2");
}

TEST(Rendezvous, OfSrun) {
  const Variables srun = {{"SLURM_PROCID", "5"},
                          {"SLURM_STEP_NUM_TASKS", "8"},
                          {"SLURM_LOCALID", "1"},
                          {"SLURM_STEP_NODELIST", "gpu[07-08]"},
                          {"SLURM_JOB_ID", "77"}};
  const auto r = find(srun).value();
  EXPECT_EQ(r.rank, 5);
  EXPECT_EQ(r.address, "gpu07");
  EXPECT_EQ(find(with(with(srun, "MASTER_ADDR", "login"), "MASTER_PORT", "9"))->address, "login");
}

TEST(Rendezvous, FirstOfManyMachines) {
  EXPECT_EQ(first_host("a1,b2"), "a1");
  EXPECT_EQ(first_host("node[007-010,12],gpu3"), "node007");
  EXPECT_EQ(first_host("n[3,5]"), "n3");
  EXPECT_EQ(first_host("alone"), "alone");
}

TEST(Rendezvous, WhatCannotBeIsRefused) {
  const std::pair<Variables, const char*> bad[] = {
      {with(kTorchrun, "RANK", "4"), "RANK=\"4\" in the environment must be a number from 0 to 3"},
      {with(kTorchrun, "RANK", "-1"), "RANK=\"-1\""},
      {with(kTorchrun, "WORLD_SIZE", "two"), "WORLD_SIZE=\"two\""},
      {with(kTorchrun, "WORLD_SIZE", "0"), "WORLD_SIZE=\"0\""},
      {with(kTorchrun, "MASTER_PORT", "70000"), "from 1 to 65535"},
      {without(kTorchrun, "RANK"), "RANK is not set in the environment, but WORLD_SIZE is"},
      {without(kTorchrun, "LOCAL_RANK"), "LOCAL_RANK is not set"},
      {without(kTorchrun, "MASTER_ADDR"), "MASTER_ADDR is not set"},
      {without(kTorchrun, "MASTER_PORT"), "MASTER_PORT is not set"}};
  for (const auto& [variables, message] : bad)
    EXPECT_CONTAINS(message_of<UsageError>([&, &v = variables] { find(v); }), message);
}

}  // namespace
}  // namespace savp
