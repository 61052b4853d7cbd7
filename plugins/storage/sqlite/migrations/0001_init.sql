CREATE TABLE `user` (
	`id` text PRIMARY KEY NOT NULL,
	`username` text NOT NULL,
	`username_key` text NOT NULL,
	`email` text,
	`email_key` text,
	`display_name` text,
	`activated` integer NOT NULL,
	`disabled` integer NOT NULL,
	`disabled_by_source` integer NOT NULL,
	`technical_user` integer NOT NULL,
	`source` text NOT NULL,
	`external_id` text NOT NULL,
	`roles` text NOT NULL,
	`claims` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`password_changed_at` integer,
	`factors_on_record` integer NOT NULL,
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
CREATE TABLE `claimed_name` (
	`name` text PRIMARY KEY NOT NULL,
	`claims` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `claimed_name_expires_at_index` ON `claimed_name` (`expires_at`,`name`);
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
CREATE TABLE `resync_run` (
	`key` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `resync_run_expires_at_index` ON `resync_run` (`expires_at`,`key`);
--> statement-breakpoint
CREATE TABLE `broker` (
	`name` text PRIMARY KEY NOT NULL,
	`resource_server_id` text NOT NULL,
	`version` text NOT NULL,
	`token_ttl` integer NOT NULL,
	`description` text NOT NULL,
	`management_url` text,
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
CREATE TABLE `client` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`logo_uri` text,
	`client_uri` text,
	`policy_uri` text,
	`tos_uri` text,
	`contacts` text NOT NULL,
	`managed_by` text NOT NULL,
	`owner_id` text,
	`disabled` integer NOT NULL,
	`confidential` integer NOT NULL,
	`profile` text,
	`auth_method` text NOT NULL,
	`secrets` text NOT NULL,
	`jwks` text,
	`jwks_uri` text,
	`tls_subject` text,
	`redirect_uris` text NOT NULL,
	`post_logout_redirect_uris` text NOT NULL,
	`grants` text NOT NULL,
	`scopes` text NOT NULL,
	`audiences` text NOT NULL,
	`groups` text NOT NULL,
	`roles` text NOT NULL,
	`require_pkce` integer NOT NULL,
	`require_pushed_requests` integer NOT NULL,
	`require_signed_requests` integer NOT NULL,
	`require_dpop` integer NOT NULL,
	`access_token_format` text NOT NULL,
	`access_token_ttl` integer,
	`id_token_ttl` integer,
	`id_token_alg` text NOT NULL,
	`userinfo_alg` text,
	`assertion_algs` text NOT NULL,
	`request_object_algs` text NOT NULL,
	`refresh_policy` text NOT NULL,
	`refresh_replay_window` integer NOT NULL,
	`refresh_idle_ttl` integer,
	`refresh_absolute_ttl` integer,
	`consent` text NOT NULL,
	`second_factor` integer NOT NULL,
	`default_max_age` integer,
	`default_acr_values` text NOT NULL,
	`backchannel_logout_uri` text,
	`registration_digest` text,
	`unused_since` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `client_owner_id_index` ON `client` (`owner_id`,`id`);
--> statement-breakpoint
CREATE INDEX `client_managed_by_index` ON `client` (`managed_by`,`id`);
--> statement-breakpoint
CREATE INDEX `client_unused_since_index` ON `client` (`unused_since`,`id`);
--> statement-breakpoint
CREATE TABLE `registration_token` (
	`id` text PRIMARY KEY NOT NULL,
	`digest` text NOT NULL,
	`note` text NOT NULL,
	`uses` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `registration_token_expires_at_index` ON `registration_token` (`expires_at`,`id`);
--> statement-breakpoint
CREATE TABLE `browser_session` (
	`digest` text PRIMARY KEY NOT NULL,
	`sid` text NOT NULL,
	`user_id` text NOT NULL,
	`amr` text NOT NULL,
	`acr` text NOT NULL,
	`auth_time` integer NOT NULL,
	`ip` text,
	`user_agent` text NOT NULL,
	`upstream` text,
	`created_at` integer NOT NULL,
	`last_seen_at` integer NOT NULL,
	`ends_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE UNIQUE INDEX `browser_session_sid_unique` ON `browser_session` (`sid`);
--> statement-breakpoint
CREATE INDEX `browser_session_user_id_created_at_index` ON `browser_session` (`user_id`,`created_at`,`digest`);
--> statement-breakpoint
CREATE INDEX `browser_session_expires_at_index` ON `browser_session` (`expires_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `session_client` (
	`sid` text NOT NULL,
	`client_id` text NOT NULL,
	`user_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`sid`, `client_id`)
);

--> statement-breakpoint
CREATE INDEX `session_client_user_id_index` ON `session_client` (`user_id`,`sid`,`client_id`);
--> statement-breakpoint
CREATE INDEX `session_client_client_id_index` ON `session_client` (`client_id`,`sid`);
--> statement-breakpoint
CREATE INDEX `session_client_expires_at_index` ON `session_client` (`expires_at`,`sid`,`client_id`);
--> statement-breakpoint
CREATE TABLE `begun_by_stranger` (
	`key` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `begun_by_stranger_expires_at_index` ON `begun_by_stranger` (`expires_at`,`key`);
--> statement-breakpoint
CREATE TABLE `logout_notice` (
	`id` text PRIMARY KEY NOT NULL,
	`client_id` text NOT NULL,
	`user_id` text NOT NULL,
	`sid` text NOT NULL,
	`attempts` integer NOT NULL,
	`next_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `logout_notice_next_at_index` ON `logout_notice` (`next_at`,`id`);
--> statement-breakpoint
CREATE INDEX `logout_notice_expires_at_index` ON `logout_notice` (`expires_at`,`id`);
--> statement-breakpoint
CREATE TABLE `ended_login` (
	`user_id` text PRIMARY KEY NOT NULL
);

--> statement-breakpoint
CREATE TABLE `device_code` (
	`digest` text PRIMARY KEY NOT NULL,
	`user_digest` text NOT NULL,
	`client_id` text NOT NULL,
	`user_id` text,
	`state` text NOT NULL,
	`authorization` text NOT NULL,
	`ip` text,
	`interval` integer NOT NULL,
	`next_poll_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`valid_until` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE UNIQUE INDEX `device_code_user_digest_unique` ON `device_code` (`user_digest`);
--> statement-breakpoint
CREATE INDEX `device_code_user_id_client_id_index` ON `device_code` (`user_id`,`client_id`,`digest`);
--> statement-breakpoint
CREATE INDEX `device_code_expires_at_index` ON `device_code` (`expires_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `pushed_request` (
	`digest` text PRIMARY KEY NOT NULL,
	`client_id` text NOT NULL,
	`parameters` text NOT NULL,
	`signed` integer NOT NULL,
	`created_at` integer NOT NULL,
	`valid_until` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `pushed_request_expires_at_index` ON `pushed_request` (`expires_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `interaction` (
	`digest` text PRIMARY KEY NOT NULL,
	`binding_digest` text,
	`request` text,
	`next` text,
	`for_client` text,
	`proven` text,
	`login_sid` text,
	`consent_sid` text,
	`switching` integer NOT NULL,
	`enrolling` text,
	`upstream` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `interaction_expires_at_index` ON `interaction` (`expires_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `consent` (
	`user_id` text NOT NULL,
	`client_id` text NOT NULL,
	`scopes` text NOT NULL,
	`targets` text NOT NULL,
	`granted_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `client_id`)
);

--> statement-breakpoint
CREATE INDEX `consent_client_id_index` ON `consent` (`client_id`,`user_id`);
--> statement-breakpoint
CREATE TABLE `grant` (
	`id` text PRIMARY KEY NOT NULL,
	`client_id` text NOT NULL,
	`user_id` text,
	`sid` text,
	`scopes` text NOT NULL,
	`resources` text NOT NULL,
	`broker` text,
	`vhost` text,
	`authorization_details` text NOT NULL,
	`claims` text,
	`auth_time` integer,
	`acr` text,
	`amr` text NOT NULL,
	`dpop_jkt` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `grant_user_id_client_id_index` ON `grant` (`user_id`,`client_id`,`id`);
--> statement-breakpoint
CREATE INDEX `grant_client_id_index` ON `grant` (`client_id`,`id`);
--> statement-breakpoint
CREATE INDEX `grant_sid_index` ON `grant` (`sid`,`id`);
--> statement-breakpoint
CREATE INDEX `grant_expires_at_index` ON `grant` (`expires_at`,`id`);
--> statement-breakpoint
CREATE TABLE `authorization_code` (
	`digest` text PRIMARY KEY NOT NULL,
	`client_id` text NOT NULL,
	`authorization` text NOT NULL,
	`redirect_uri` text,
	`nonce` text,
	`code_challenge` text,
	`dpop_jkt` text,
	`grant_id` text NOT NULL,
	`used_at` integer,
	`created_at` integer NOT NULL,
	`valid_until` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `authorization_code_expires_at_index` ON `authorization_code` (`expires_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `refresh_token` (
	`digest` text PRIMARY KEY NOT NULL,
	`grant_id` text NOT NULL,
	`client_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`replaced_by` text,
	`replaced_at` integer,
	`sealed_replay` text,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `refresh_token_grant_id_index` ON `refresh_token` (`grant_id`,`digest`);
--> statement-breakpoint
CREATE INDEX `refresh_token_expires_at_index` ON `refresh_token` (`expires_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `opaque_token` (
	`digest` text PRIMARY KEY NOT NULL,
	`grant_id` text,
	`claims` text NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `opaque_token_grant_id_index` ON `opaque_token` (`grant_id`,`digest`);
--> statement-breakpoint
CREATE INDEX `opaque_token_expires_at_index` ON `opaque_token` (`expires_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `revoked_token` (
	`jti` text PRIMARY KEY NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `revoked_token_expires_at_index` ON `revoked_token` (`expires_at`,`jti`);
--> statement-breakpoint
CREATE TABLE `shown_once` (
	`digest` text PRIMARY KEY NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `shown_once_expires_at_index` ON `shown_once` (`expires_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `totp_factor` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`name` text NOT NULL,
	`sealed_secret` text NOT NULL,
	`confirmed` integer NOT NULL,
	`last_step` integer NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	`expires_at` integer
);

--> statement-breakpoint
CREATE INDEX `totp_factor_user_id_created_at_index` ON `totp_factor` (`user_id`,`created_at`,`id`);
--> statement-breakpoint
CREATE INDEX `totp_factor_expires_at_index` ON `totp_factor` (`expires_at`,`id`);
--> statement-breakpoint
CREATE TABLE `mail_factor` (
	`user_id` text PRIMARY KEY NOT NULL,
	`email_key` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer
);

--> statement-breakpoint
CREATE TABLE `mail_code` (
	`digest` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`email_key` text NOT NULL,
	`code_digest` text NOT NULL,
	`purpose` text NOT NULL,
	`attempts` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `mail_code_user_id_index` ON `mail_code` (`user_id`,`digest`);
--> statement-breakpoint
CREATE INDEX `mail_code_expires_at_index` ON `mail_code` (`expires_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `mail_code_sent` (
	`key` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `mail_code_sent_expires_at_index` ON `mail_code_sent` (`expires_at`,`key`);
--> statement-breakpoint
CREATE TABLE `recovery_code` (
	`digest` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`created_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `recovery_code_user_id_created_at_index` ON `recovery_code` (`user_id`,`created_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `passkey` (
	`digest` text PRIMARY KEY NOT NULL,
	`credential_id` text NOT NULL,
	`user_id` text NOT NULL,
	`name` text NOT NULL,
	`public_key` text NOT NULL,
	`counter` integer NOT NULL,
	`transports` text NOT NULL,
	`synced` integer NOT NULL,
	`rp_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer
);

--> statement-breakpoint
CREATE INDEX `passkey_user_id_created_at_index` ON `passkey` (`user_id`,`created_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `passkey_challenge` (
	`digest` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`user_id` text,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `passkey_challenge_expires_at_index` ON `passkey_challenge` (`expires_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `factor_demand` (
	`user_id` text PRIMARY KEY NOT NULL,
	`created_at` integer NOT NULL
);

--> statement-breakpoint
CREATE TABLE `mfa_token` (
	`digest` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`client_id` text,
	`requested` text NOT NULL,
	`amr` text NOT NULL,
	`auth_time` integer NOT NULL,
	`password_changed_at` integer,
	`attempts` integer NOT NULL,
	`enrolling` text,
	`recovery_digests` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `mfa_token_user_id_index` ON `mfa_token` (`user_id`,`digest`);
--> statement-breakpoint
CREATE INDEX `mfa_token_expires_at_index` ON `mfa_token` (`expires_at`,`digest`);
--> statement-breakpoint
CREATE TABLE `outgoing_mail` (
	`id` text PRIMARY KEY NOT NULL,
	`sealed` text NOT NULL,
	`attempts` integer NOT NULL,
	`next_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);

--> statement-breakpoint
CREATE INDEX `outgoing_mail_next_at_index` ON `outgoing_mail` (`next_at`,`id`);
--> statement-breakpoint
CREATE INDEX `outgoing_mail_expires_at_index` ON `outgoing_mail` (`expires_at`,`id`);
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
