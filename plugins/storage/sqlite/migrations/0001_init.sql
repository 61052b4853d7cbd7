CREATE TABLE `user` (
	`id` text PRIMARY KEY NOT NULL,
	`username` text NOT NULL,
	`username_key` text NOT NULL,
	`email` text,
	`email_key` text,
	`display_name` text,
	`activated` integer NOT NULL,
	`disabled` integer NOT NULL,
	`technical_user` integer NOT NULL,
	`source` text NOT NULL,
	`external_id` text NOT NULL,
	`roles` text NOT NULL,
	`claims` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`password_changed_at` integer,
	`last_login_at` integer
);

--> statement-breakpoint
CREATE UNIQUE INDEX `user_username_key_unique` ON `user` (`username_key`);
--> statement-breakpoint
CREATE UNIQUE INDEX `user_email_key_unique` ON `user` (`email_key`);
--> statement-breakpoint
CREATE UNIQUE INDEX `user_source_external_id_unique` ON `user` (`source`,`external_id`);
--> statement-breakpoint
CREATE TABLE `group` (
	`name` text PRIMARY KEY NOT NULL,
	`description` text NOT NULL,
	`roles` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);

--> statement-breakpoint
CREATE TABLE `membership` (
	`group_name` text NOT NULL,
	`user_id` text NOT NULL,
	`source` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`group_name`, `user_id`, `source`)
);

--> statement-breakpoint
CREATE INDEX `membership_user_id_source_index` ON `membership` (`user_id`,`source`,`group_name`);
--> statement-breakpoint
CREATE TABLE `credential` (
	`source` text NOT NULL,
	`name` text NOT NULL,
	`value` text NOT NULL,
	PRIMARY KEY(`source`, `name`)
);

--> statement-breakpoint
CREATE TABLE `identity_token` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`slot` integer NOT NULL,
	`vhost` text NOT NULL,
	`broker` text NOT NULL,
	`ip` text,
	`algorithm` text NOT NULL,
	`created_at` integer NOT NULL,
	`valid_until` integer NOT NULL,
	`last_used_at` integer NOT NULL
);

--> statement-breakpoint
CREATE UNIQUE INDEX `identity_token_user_id_slot_unique` ON `identity_token` (`user_id`,`slot`);
--> statement-breakpoint
CREATE INDEX `identity_token_valid_until_index` ON `identity_token` (`valid_until`,`id`);
--> statement-breakpoint
CREATE TABLE `signing_key` (
	`kid` text PRIMARY KEY NOT NULL,
	`algorithm` text NOT NULL,
	`generation` integer NOT NULL,
	`sealed_private` text,
	`public_jwk` text NOT NULL,
	`created_at` integer NOT NULL,
	`active_at` integer NOT NULL,
	`retires_at` integer,
	`retired_at` integer
);

--> statement-breakpoint
CREATE UNIQUE INDEX `signing_key_algorithm_generation_unique` ON `signing_key` (`algorithm`,`generation`);
--> statement-breakpoint
CREATE TABLE `login_failure` (
	`name` text NOT NULL,
	`network` text NOT NULL,
	`count` integer NOT NULL,
	`next_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`name`, `network`)
);

--> statement-breakpoint
CREATE INDEX `login_failure_expires_at_index` ON `login_failure` (`expires_at`,`name`,`network`);
--> statement-breakpoint
CREATE TABLE `network_failure` (
	`key` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `network_failure_expires_at_index` ON `network_failure` (`expires_at`,`key`);
--> statement-breakpoint
CREATE TABLE `broker` (
	`name` text PRIMARY KEY NOT NULL,
	`resource_server_id` text NOT NULL,
	`version` text NOT NULL,
	`token_ttl` integer NOT NULL,
	`description` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);

--> statement-breakpoint
CREATE UNIQUE INDEX `broker_resource_server_id_unique` ON `broker` (`resource_server_id`);
--> statement-breakpoint
CREATE TABLE `rule` (
	`id` text PRIMARY KEY NOT NULL,
	`subject_kind` text NOT NULL,
	`subject` text NOT NULL,
	`vhost` text NOT NULL,
	`broker` text,
	`configure` text NOT NULL,
	`write` text NOT NULL,
	`read` text NOT NULL,
	`tags` text NOT NULL,
	`preset` text,
	`note` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `rule_subject_kind_subject_index` ON `rule` (`subject_kind`,`subject`,`id`);
--> statement-breakpoint
CREATE TABLE `audit_event` (
	`id` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`event` text NOT NULL,
	`outcome` text NOT NULL,
	`actor` text NOT NULL,
	`target` text NOT NULL,
	`ip` text,
	`request_id` text NOT NULL,
	`detail` text NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `audit_event_expires_at_index` ON `audit_event` (`expires_at`,`id`);
--> statement-breakpoint
CREATE INDEX `audit_event_target_id_index` ON `audit_event` (`target`,`id`);
--> statement-breakpoint
CREATE INDEX `audit_event_event_id_index` ON `audit_event` (`event`,`id`);
