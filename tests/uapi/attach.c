// SPDX-License-Identifier: GPL-2.0-only
/* Attaching a file to a space, and what a file that is not attached may do. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "raw.h"

#define THREADS	16
#define ROUNDS	50

static bool space_exists(const char *space)
{
	long ret = raw_attach(raw_open(O_RDWR), space, 0);

	assert_true(ret == 0 || ret == -ENOENT);

	return !ret;
}

/* ------------------------------------------------------------------------
 * Names
 */

static long attach_to(const char name[LOCKMGR_NAME_SIZE])
{
	struct lockmgr_ioctl_attach args = raw_attach_args("", LOCKMGR_ATTACH_CREATE);
	struct lockmgr_ioctl_unlink unlink = { .owner = LOCKMGR_ID_CALLER };
	int file = raw_open(O_RDWR);
	long ret;

	memcpy(args.name, name, sizeof(args.name));
	ret = raw_call(file, LOCKMGR_IOC_ATTACH, &args);
	if (!ret) {
		memcpy(unlink.name, name, sizeof(unlink.name));
		assert_int_equal(raw_call(file, LOCKMGR_IOC_UNLINK, &unlink), 0);
	}
	raw_close(file);

	return ret;
}

static bool is_in(unsigned int character, const char *set)
{
	return character && strchr(set, character);
}

static bool may_be_in_name(unsigned int character)
{
	return is_in(character, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") ||
	       is_in(character, "abcdefghijklmnopqrstuvwxyz") ||
	       is_in(character, "0123456789._-");
}

static void each_character_of_a_name_is_allowed_or_einval(void **state)
{
	unsigned int character;

	(void)state;
	for (character = 1; character < 256; character++) {
		char name[LOCKMGR_NAME_SIZE] = "a?b";

		name[1] = character;
		expect_result(attach_to(name), may_be_in_name(character) ? 0 : -EINVAL,
			      "character %u", character);
	}
}

static void each_first_character_of_a_name_is_allowed_or_einval(void **state)
{
	unsigned int character;

	(void)state;
	for (character = 0; character < 256; character++) {
		char name[LOCKMGR_NAME_SIZE] = { character };

		expect_result(attach_to(name),
			      may_be_in_name(character) && character != '.' ? 0 : -EINVAL,
			      "character %u", character);
	}
}

static void name_of_63_characters_works_and_of_64_returns_einval(void **state)
{
	char name[LOCKMGR_NAME_SIZE];

	(void)state;
	memset(name, 'n', sizeof(name));
	expect_result(attach_to(name), -EINVAL, "no NUL");
	name[63] = 0;
	expect_result(attach_to(name), 0, "63 characters");
}

static void bytes_behind_the_end_of_a_name_return_einval(void **state)
{
	size_t i;

	(void)state;
	for (i = 6; i < LOCKMGR_NAME_SIZE; i++) {
		char name[LOCKMGR_NAME_SIZE] = "space";

		name[i] = 'x';
		expect_result(attach_to(name), -EINVAL, "byte %zu", i);
	}
}

/* ------------------------------------------------------------------------
 * Attaching
 */

static void commands_before_attaching_return_enotconn(void **state)
{
	const struct raw_command *command;

	(void)state;
	for (command = raw_commands; command < RAW_COMMANDS_END; command++) {
		union raw_args args = raw_args_of(command);

		if (command->attached)
			expect_result(raw_call(raw_open(O_RDWR), command->number, &args), -ENOTCONN,
				      "%s", command->name);
	}
}

static void attaching_twice_returns_eisconn_and_changes_nothing(void **state)
{
	int file = raw_attached();
	struct lockmgr_ioctl_info before = raw_info(file), after;

	(void)state;
	expect_result(raw_attach(file, space_name(), LOCKMGR_ATTACH_CREATE), -EISCONN, "same");
	expect_result(raw_attach(file, other_space_name(), LOCKMGR_ATTACH_CREATE), -EISCONN,
		      "other");
	after = raw_info(file);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_false(space_exists(other_space_name()));
}

static void file_that_failed_to_attach_can_attach(void **state)
{
	int file = raw_open(O_RDWR);

	(void)state;
	assert_int_equal(raw_attach(file, space_name(), 0), -ENOENT);
	assert_int_equal(raw_attach(file, space_name(), LOCKMGR_ATTACH_CREATE), 0);
}

static void exclusive_creation_of_what_exists_returns_eexist(void **state)
{
	const uint32_t flags = LOCKMGR_ATTACH_CREATE | LOCKMGR_ATTACH_EXCL;

	(void)state;
	assert_int_equal(raw_attach(raw_open(O_RDWR), space_name(), flags), 0);
	assert_int_equal(raw_attach(raw_open(O_RDWR), space_name(), flags), -EEXIST);
}

static void creation_with_a_file_open_for_reading_returns_ebadf(void **state)
{
	(void)state;
	expect_result(raw_attach(raw_open(O_RDONLY), space_name(), LOCKMGR_ATTACH_CREATE), -EBADF,
		      "attach");
	assert_false(space_exists(space_name()));
}

static void creation_with_too_large_a_capacity_returns_einval(void **state)
{
	struct lockmgr_ioctl_attach args = raw_attach_args(space_name(), LOCKMGR_ATTACH_CREATE);

	(void)state;
	args.capacity = LOCKMGR_CAPACITY_MAX + 1;
	expect_result(raw_call(raw_open(O_RDWR), LOCKMGR_IOC_ATTACH, &args), -EINVAL, "attach");
	assert_false(space_exists(space_name()));
}

static void mode_of_zero_means_0600(void **state)
{
	int file = raw_open(O_RDWR);

	(void)state;
	raw_attach(file, space_name(), LOCKMGR_ATTACH_CREATE);
	assert_int_equal(raw_info(file).mode, 0600);
}

static void capacity_of_zero_means_the_most(void **state)
{
	struct lockmgr_ioctl_attach args = raw_attach_args(space_name(), LOCKMGR_ATTACH_CREATE);

	(void)state;
	assert_int_equal(raw_call(raw_open(O_RDWR), LOCKMGR_IOC_ATTACH, &args), 0);
	assert_int_equal(args.capacity, LOCKMGR_CAPACITY_MAX);
}

static void attaching_to_what_exists_returns_its_own_facts(void **state)
{
	struct lockmgr_ioctl_attach args = raw_attach_args(space_name(), LOCKMGR_ATTACH_CREATE);
	struct lockmgr_ioctl_info info = raw_info(raw_attached_with(10));

	(void)state;
	args.capacity = 20;
	args.mode = 0644;
	assert_int_equal(raw_call(raw_open(O_RDWR), LOCKMGR_IOC_ATTACH, &args), 0);
	assert_int_equal(args.capacity, 10);
	assert_int_equal(args.generation, info.generation);
}

static void clients_have_tokens_of_their_own(void **state)
{
	uint32_t tokens[20];
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(tokens); i++) {
		tokens[i] = raw_info(raw_attached()).token;
		assert_in_range(tokens[i], 1, LOCKMGR_WORD_TOKEN);
		for (k = 0; k < i; k++)
			assert_int_not_equal(tokens[i], tokens[k]);
	}
}

static void space_made_anew_has_another_generation(void **state)
{
	int file = raw_attached();

	(void)state;
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	assert_int_not_equal(raw_info(raw_attached()).generation, raw_info(file).generation);
}

static void info_tells_that_the_space_is_unlinked(void **state)
{
	int file = raw_attached();

	(void)state;
	assert_int_equal(raw_info(file).flags, 0);
	assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	assert_int_equal(raw_info(file).flags, LOCKMGR_SPACE_UNLINKED);
}

static void unlinking_needs_no_attached_file(void **state)
{
	struct lockmgr_ioctl_unlink args = { .owner = LOCKMGR_ID_CALLER };

	(void)state;
	raw_attached();
	strcpy(args.name, space_name());
	assert_int_equal(raw_call(raw_open(O_WRONLY), LOCKMGR_IOC_UNLINK, &args), 0);
	assert_false(space_exists(space_name()));
}

static void unlinking_what_is_missing_returns_enoent(void **state)
{
	struct lockmgr_ioctl_unlink args = { .owner = LOCKMGR_ID_CALLER };

	(void)state;
	strcpy(args.name, space_name());
	assert_int_equal(raw_call(raw_open(O_RDWR), LOCKMGR_IOC_UNLINK, &args), -ENOENT);
}

/* ------------------------------------------------------------------------
 * Output that cannot be written
 */

static struct lockmgr_ioctl_attach *read_only_args(uint32_t flags)
{
	struct lockmgr_ioctl_attach args = raw_attach_args(space_name(), flags);
	unsigned char *pages = raw_pages(PROT_READ | PROT_WRITE);

	memcpy(raw_edge(pages), &args, sizeof(args));
	mprotect(raw_edge(pages), sysconf(_SC_PAGESIZE), PROT_READ);

	return (struct lockmgr_ioctl_attach *)raw_edge(pages);
}

static void attach_that_cannot_tell_its_result_leaves_no_space(void **state)
{
	int file = raw_open(O_RDWR);

	(void)state;
	expect_result(raw_call(file, LOCKMGR_IOC_ATTACH, read_only_args(LOCKMGR_ATTACH_CREATE)),
		      -EFAULT, "attach");
	assert_false(space_exists(space_name()));
}

static void attach_that_cannot_tell_its_result_leaves_the_file_unattached(void **state)
{
	struct lockmgr_ioctl_info info;
	int file = raw_open(O_RDWR);

	(void)state;
	raw_call(file, LOCKMGR_IOC_ATTACH, read_only_args(LOCKMGR_ATTACH_CREATE));
	expect_result(raw_call(file, LOCKMGR_IOC_INFO, &info), -ENOTCONN, "info");
	expect_result(raw_attach(file, space_name(), LOCKMGR_ATTACH_CREATE), 0, "attach");
}

static void attach_that_cannot_tell_its_result_does_not_count_as_a_client(void **state)
{
	int observer = raw_attached();

	(void)state;
	expect_result(raw_call(raw_open(O_RDWR), LOCKMGR_IOC_ATTACH, read_only_args(0)), -EFAULT,
		      "attach");
	assert_int_equal(raw_info(observer).clients, 1);
	assert_int_equal(raw_info(observer).flags, 0);
}

/* ------------------------------------------------------------------------
 * Many threads, one file
 */

struct race {
	pthread_barrier_t start;
	atomic_int winners;
	atomic_int others;
	int file;
	/* The arguments of every second thread, or NULL. */
	struct lockmgr_ioctl_attach *unwritable;
	atomic_int started;
};

static void *attach_in_race(void *data)
{
	struct race *race = data;
	struct lockmgr_ioctl_attach args = raw_attach_args(space_name(), LOCKMGR_ATTACH_CREATE);
	bool spoilt = atomic_fetch_add(&race->started, 1) % 2 && race->unwritable;
	long ret;

	pthread_barrier_wait(&race->start);
	ret = raw_call(race->file, LOCKMGR_IOC_ATTACH, spoilt ? race->unwritable : &args);
	if (!ret)
		atomic_fetch_add(&race->winners, 1);
	else if (ret != -EISCONN && !(spoilt && ret == -EFAULT))
		atomic_fetch_add(&race->others, 1);

	return NULL;
}

static void run_race(struct lockmgr_ioctl_attach *unwritable)
{
	struct race race = { .file = raw_open(O_RDWR), .unwritable = unwritable };
	pthread_t threads[THREADS];
	size_t i;

	pthread_barrier_init(&race.start, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, attach_in_race, &race), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);

	assert_int_equal(race.winners, 1);
	assert_int_equal(race.others, 0);
	assert_int_equal(raw_info(race.file).clients, 1);
	raw_close(race.file);
}

static void one_of_many_threads_attaches_a_file(void **state)
{
	int round;

	(void)state;
	for (round = 0; round < ROUNDS; round++)
		run_race(NULL);
}

static void one_thread_attaches_a_file_while_others_fail_to_be_told(void **state)
{
	struct lockmgr_ioctl_attach *unwritable = read_only_args(LOCKMGR_ATTACH_CREATE);
	int round;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		run_race(unwritable);
		assert_int_equal(lockmgr_unlink(space_name(), NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(each_character_of_a_name_is_allowed_or_einval),
		raw_test(each_first_character_of_a_name_is_allowed_or_einval),
		raw_test(name_of_63_characters_works_and_of_64_returns_einval),
		raw_test(bytes_behind_the_end_of_a_name_return_einval),
		raw_test(commands_before_attaching_return_enotconn),
		raw_test(attaching_twice_returns_eisconn_and_changes_nothing),
		raw_test(file_that_failed_to_attach_can_attach),
		raw_test(exclusive_creation_of_what_exists_returns_eexist),
		raw_test(creation_with_a_file_open_for_reading_returns_ebadf),
		raw_test(creation_with_too_large_a_capacity_returns_einval),
		raw_test(mode_of_zero_means_0600),
		raw_test(capacity_of_zero_means_the_most),
		raw_test(attaching_to_what_exists_returns_its_own_facts),
		raw_test(clients_have_tokens_of_their_own),
		raw_test(space_made_anew_has_another_generation),
		raw_test(info_tells_that_the_space_is_unlinked),
		raw_test(unlinking_needs_no_attached_file),
		raw_test(unlinking_what_is_missing_returns_enoent),
		raw_test(attach_that_cannot_tell_its_result_leaves_no_space),
		raw_test(attach_that_cannot_tell_its_result_leaves_the_file_unattached),
		raw_test(attach_that_cannot_tell_its_result_does_not_count_as_a_client),
		raw_test(one_of_many_threads_attaches_a_file),
		raw_test(one_thread_attaches_a_file_while_others_fail_to_be_told),
	};

	return harness_run(tests);
}
