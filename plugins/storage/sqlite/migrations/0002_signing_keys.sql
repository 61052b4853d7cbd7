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
